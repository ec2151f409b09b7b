#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A machine on a terminal: line editing, the debugger, restoring it."""
import os
import pty
import re
import select
import signal
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import case, check, equal, fail, machine, main, start

PROMPT = "mayfly:/# "
ESCAPE = "\x1dd"  # Ctrl-] d


class Terminal:
    """A machine on a pseudo terminal; talk by type() and expect()."""

    def __init__(self, *args):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.text = ""
        self.p = start(machine(*args),
                       stdin=self.slave, stdout=self.slave,
                       stderr=self.slave, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.p.poll() is None:
            self.p.kill()
            self.p.wait()
        print(self.text)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.text += os.read(self.master, 65536).decode(errors="replace")
            return True
        return False

    def expect(self, pattern, seconds=10):
        """Wait for the pattern; what stands before it, which is consumed."""
        if not hasattr(self, "seen"):
            self.seen = 0
        end = time.monotonic() + seconds
        while True:
            m = re.search(pattern, self.text[self.seen:])
            if m:
                got = self.text[self.seen:self.seen + m.end()]
                self.seen += m.end()
                return got
            left = end - time.monotonic()
            if left <= 0:
                fail(f"no {pattern!r} within {seconds} s; got "
                     f"{self.text[self.seen:][-300:]!r}")
            self.read(min(left, 0.2))

    def command(self, line):
        """Type a line to the shell, return the output."""
        self.type(line + "\n")
        return self.expect(re.escape(PROMPT))

    def end(self, seconds=10):
        status = self.p.wait(seconds)
        while self.read(0):
            pass
        return status if status >= 0 else 128 - status

    def attributes(self):
        return termios.tcgetattr(self.slave)


@case("does the shell on a terminal prompt, answer and leave its status?")
def shell():
    with Terminal() as t:
        t.expect(re.escape(PROMPT))
        check("42" in t.command("echo $((6 * 7))"), "no answer")
        check("/dev/console" in t.command("tty"), "not on the console")
        t.type("exit 3\n")
        equal(t.end(), 3, "status")
        equal(t.attributes(), t.before, "terminal attributes")


@case("do Ctrl-C and Ctrl-Z act on the foreground job only?")
def job_control():
    with Terminal() as t:
        t.expect(re.escape(PROMPT))
        t.type("sleep 1000\n")
        time.sleep(0.5)
        t.type("\x03")
        t.expect(re.escape(PROMPT))
        check("130" in t.command("echo $?"), "not ended by SIGINT")
        t.type("sleep 1000\n")
        time.sleep(0.5)
        t.type("\x1a")
        t.expect("Stopped")
        t.expect(re.escape(PROMPT))
        check("sleep 1000" in t.command("jobs"), "no stopped job")
        t.command("kill -KILL %1")
        t.type("exit\n")
        # ash may not have seen the death yet, and asks a second time.
        t.expect("stopped jobs|Killed")
        t.type("exit\n")
        t.end()


@case("does SIGTERM end it and put the terminal back?")
def sigterm_restores():
    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        with Terminal() as t:
            t.expect(re.escape(PROMPT))
            check(t.attributes() != t.before, "the terminal is not raw")
            t.p.send_signal(sig)
            equal(t.end(), 128 + sig, f"status after {sig!r}")
            equal(t.attributes(), t.before, "terminal attributes")


@case("does the escape reach the debugger, and do its commands work?")
def debugger():
    with Terminal() as t:
        t.expect(re.escape(PROMPT))
        t.command("sleep 1000 &")
        time.sleep(0.5)
        t.type(ESCAPE)
        t.expect("ddb> ")

        def ddb(line):
            t.type(line + "\r")
            return t.expect("ddb> ")
        check(re.search(r"\bsleep\b", ddb("ps")), "ps: no sleep")
        check("classes" in ddb("locks"), "locks: no last line")
        check("idle" in ddb("show threads"), "show threads: no idle thread")
        check("no command" in ddb("nonesuch"), "nonesuch is a command")
        check("continue" in ddb("help"), "help: no continue")
        t.type("continue\r\r")
        t.expect(re.escape(PROMPT))
        check("back 7" in t.command("echo back $((3 + 4))"), "no shell")
        # Again, and while a guest runs.
        t.type("while :; do :; done\n")
        time.sleep(0.5)
        t.type(ESCAPE)
        t.expect("ddb> ")
        check("sh" in ddb("ps"), "ps: no sh")
        t.type("continue\r")
        time.sleep(0.3)
        t.type("\x03")
        t.expect(re.escape(PROMPT))
        t.type("exit 4\n")
        equal(t.end(), 4, "status")


@case("does the debugger's reboot leave at once with 134?")
def debugger_reboot():
    with Terminal() as t:
        t.expect(re.escape(PROMPT))
        t.type(ESCAPE)
        t.expect("ddb> ")
        t.type("reboot\r")
        equal(t.end(), 134, "status")
        equal(t.attributes(), t.before, "terminal attributes")


@case("does every ddb command take no argument, a wild one, and text?")
def debugger_commands():
    with Terminal() as t:
        t.expect(re.escape(PROMPT))
        t.type(ESCAPE)
        t.expect("ddb> ")
        t.type("help\r")
        names = re.findall(r"^(\w+(?: \w+)?) {2,}\S|^(.{16}) \S",
                           t.expect("ddb> "), re.M)
        names = [(a or b).strip() for a, b in names]
        check(len(names) > 8, f"help lists {names}")
        for name in names:
            if name in ("continue", "reboot") or "panic" in name:
                continue
            for arg in ("", "0", "0xdead00000000beef", "0x10", "text"):
                t.type(f"{name} {arg}\r")
                got = t.expect("ddb> ")
                check("panic:" not in got, f"{name} {arg}: panic")
        t.type("continue\r\r")
        t.expect(re.escape(PROMPT))
        t.type("exit\n")
        equal(t.end(), 0, "status")


@case("does the guest see the terminal's size, and its change?")
def window_size():
    with Terminal() as t:
        termios.tcsetwinsize(t.slave, (40, 100))
        t.p.send_signal(signal.SIGWINCH)
        t.expect(re.escape(PROMPT))
        # The shell draws its prompt again when told: wait for the answer.
        t.type("stty size\n")
        t.expect("40 100")
        termios.tcsetwinsize(t.slave, (30, 90))
        t.p.send_signal(signal.SIGWINCH)
        time.sleep(0.3)
        t.type("stty size\n")
        t.expect("30 90")
        t.type("exit\n")
        t.end()


main()
