# SPDX-License-Identifier: BSD-2-Clause
"""Machines from a template (vkernel --template), asked for by hand.

    t = Template("root", "-i", ROOT)        # boots it
    status, output = t.ask("-i", MORE, "--", "/bin/true").end()
"""
import itertools
import os
import select
import socket
import time

from atf import VKERNEL_TEST, equal, start

numbers = itertools.count()


class Template:
    """Point: "kernel" or "root"; the options are those of every machine."""

    def __init__(self, point, *options, kernel=VKERNEL_TEST):
        self.name = f"\0mayfly-by-hand-{os.getpid()}-{next(numbers)}"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.name)
        self.listener.listen(16)
        fd = self.listener.fileno()
        self.options = list(options)
        self.process = start([kernel, "--template", f"{fd}:{point}", *options],
                             pass_fds=[fd])

    def ask(self, *words, cwd="."):
        """A machine with more words."""
        return Machine(self.name, ["vkernel", *self.options, *words], cwd)


class Machine:
    def __init__(self, name, words, cwd):
        self.conn = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.conn.settimeout(120)
        self.conn.connect(name)
        self.out, console = os.pipe()
        here = os.open(cwd, os.O_PATH)
        socket.send_fds(self.conn, ["".join(w + "\0" for w in words).encode()],
                        [console, here])
        os.close(console)
        os.close(here)
        self.pid = self.answer("pid")

    def answer(self, what):
        """Its number."""
        word, number = self.conn.recv(100).decode().split()
        equal(word, what, "the template's answer")
        return int(number)

    def end(self, seconds=120):
        """Wait for it: (status, output).  The status is negative for a signal, None
        for a machine that did not end by itself in so many seconds."""
        last, text, ended, status = time.monotonic() + seconds, b"", False, None
        while not ended and select.select([self.out], [], [],
                                          max(0, last - time.monotonic()))[0]:
            piece = os.read(self.out, 65536)
            text += piece
            ended = not piece
        if ended:
            status = os.waitstatus_to_exitcode(self.answer("status"))
        self.conn.close()
        os.close(self.out)
        return status, text.decode(errors="replace")

    def run(self):
        """The output of a machine that ends with status 0."""
        status, text = self.end()
        print(text)
        equal(status, 0, "status")
        return text
