#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The PC and what starts it: options, tiers, statuses, ends.

Half of the cases boot a stand-in for the kernel (standin/standin.c), which does
what the words of its command line say: so the launcher is tested with ends that
our kernel should never come to.
"""
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

os.environ["MAYFLY_MACHINE"] = "pc64"
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import (BUILD, PC64, ROOT, TOP, boot, case, check, equal, machine,
                 main, one_line, run, skip, start, wait_for)

STANDIN = BUILD + "/tests/host/standin.elf"
TEST_KERNEL = BUILD + "/pc64-test.elf"
TIERS = ("microvm", "q35", "iso", "iso-efi", "disk")


def standin(*args, options=(), **kw):
    """Run the stand-in with these words."""
    kw.setdefault("seconds", 30)
    return run([PC64, "--kernel", STANDIN, "-i", ROOT, *options, "--", *args],
               **kw)


def refused(argv, *words, status=2, **kw):
    """argv must end with that status and one line that has the words in it."""
    got, out, err = run(argv, seconds=20, **kw)
    equal(got, status, f"status of {argv}")
    line = one_line(out.lstrip() + err)
    for w in words:
        check(w in line, f"{w!r} is not in {line!r}")


# --- options ----------------------------------------------------------------

@case("are wrong options refused with one line that helps?")
def wrong_options():
    refused([PC64, "--nonesuch"], "--nonesuch", "--help")
    refused([PC64, "stray"], "stray")
    for name in ("-m", "-n", "-i", "-s", "-k", "--tier", "--kernel",
                 "--timeout", "--icount", "--seed", "--serve", "--qemu-arg"):
        refused([PC64, name], "needs a value")
    refused([PC64, "--help=x"], "no value")
    refused([PC64], "--initramfs")
    refused([PC64, "-i", ROOT, "--"], "without a program")
    for option, bad in (("--tier", "vax"), ("--cpus", "9"), ("--memory", "1K"),
                        ("--timeout", "0"), ("--timeout", "1s"),
                        ("--icount", "11"), ("--gdb=x", None),
                        ("--workers", "0"), ("--set", "a b")):
        words = [option] + ([bad] if bad is not None else [])
        refused([PC64, "-i", ROOT, *words], option.partition("=")[0])


@case("are missing and wrong files refused with their names?")
def wrong_files():
    for option in ("--kernel", "--initramfs"):
        refused([PC64, option, "/no/such"], option, "/no/such",
                "No such file")
        refused([PC64, option, "/"], option, "regular file")
    refused([PC64, "--share", "/no/such"], "/no/such")
    refused([PC64, "--share", ROOT], "not a directory")


@case("does --help print the options and end with 0?")
def help_exits_0():
    for flag in ("--help", "-h"):
        status, out, err = run([PC64, flag])
        equal((status, err), (0, ""), "status, stderr")
        for option in ("--memory", "--tier", "--timeout", "--gdb", "--icount"):
            check(option in out, f"{option} is not in the help")


@case("are more words than the kernel keeps refused?")
def too_many_words():
    refused([PC64, "-i", ROOT, "--", "/bin/echo", "x" * 5000], "script")


@case("is a QEMU that is not there or refuses told by 125?")
def no_qemu():
    env = dict(os.environ, PC64_QEMU="/no/such/qemu")
    refused([PC64, "-i", ROOT], "/no/such/qemu", "qemu-system-x86", status=125,
            env=env)
    refused([PC64, "-i", ROOT, "--qemu-arg", "-nonesuch"], "-nonesuch",
            status=125)


# --- with the stand-in ---------------------------------------------------------

@case("do the kernel's words arrive as given, on every tier?", timeout=300)
def words_arrive():
    words = ["show", "exit0", "a b", 'q"q', "b\\s", "it's", "$x", "%s", "{;}"]
    for tier in TIERS:
        status, out, _ = standin(*words, options=["--tier", tier])
        equal(status, 0, f"status on {tier}")
        line = out.splitlines()[0]
        at = line.index("--cpus 2 -- show exit0 ")
        got, word, quoted = [], None, False
        i = at + len("--cpus 2 -- ")
        while i < len(line):
            c = line[i]
            if c == "\\":
                i += 1
                word = (word or "") + line[i]
            elif c == '"':
                quoted = not quoted
                word = word or ""
            elif c == " " and not quoted:
                got.append(word)
                word = None
            else:
                word = (word or "") + c
            i += 1
        equal(got + [word], words, f"words on {tier}")


@case("does each end have its status?")
def ends():
    for tier in ("microvm", "q35"):
        for word, want in (("exit0", 0), ("exit1", 1), ("exit42", 42),
                           ("exit255", 255), ("well3", 3), ("panic", 134),
                           ("quit", 125), ("reset", 134)):
            equal(standin(word, options=["--tier", tier])[0], want,
                  f"status of {word} on {tier}")


@case("does a hang get a report, and 135, with an answer and without?")
def hangs():
    for tier in ("microvm", "q35"):
        options = ["--tier", tier, "--timeout", "1"]
        status, out, err = standin("nmi", options=options)
        equal((status, out), (135, "standin: a report\n"), "status, output")
        check("within 1 s" in err, "no word about the hang")
        begin = time.monotonic()
        status, _, err = standin("hang", options=options)
        equal(status, 135, "status of a deaf kernel")
        # q35's firmware lets the NMI through, which resets such a kernel.
        check(tier == "q35" or "no report" in err, "no word of no report")
        check(time.monotonic() - begin < 9, "it took too long")


@case("does input wait for the kernel, and arrive whole?")
def input_whole():
    text = "".join(f"line {i}\n" for i in range(500))
    status, out, _ = standin("ready", "echo", "exit3", input=text, show=False)
    equal((status, out), (3, text), "status, output")
    # A kernel that never says that it reads gets it after a while.
    status, out, _ = standin("echo", "exit3", input="late\n")
    equal((status, out), (3, "late\n"), "status, output")


@case("is output kept for a slow reader, and no reader no harm?")
def slow_reader():
    p = start([PC64, "-i", ROOT, "--", "seq", "1", "30000"],
              stdout=subprocess.PIPE)
    time.sleep(2)
    out, _ = p.communicate(timeout=30)
    equal((p.returncode, out),
          (0, "".join(f"{i}\n" for i in range(1, 30001))), "status, output")
    p = start([PC64, "-i", ROOT, "--", "/bin/sh", "-c", "seq 1 3000; exit 6"],
              stdout=subprocess.PIPE)
    p.stdout.close()
    equal(p.wait(30), 6, "status without a reader")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(p) for p in f.read().split()]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@case("does QEMU die with its launcher, killed at any moment?", timeout=300)
def sigkill_leaves_nothing():
    rnd = random.Random(20)
    seen = 0
    for _ in range(20):
        p = start([PC64, "--kernel", STANDIN, "-i", ROOT, "--", "hang"],
                  stdout=subprocess.DEVNULL)
        time.sleep(rnd.uniform(0, 0.1))
        qemu = children(p.pid)
        seen += len(qemu)
        p.kill()
        p.wait(10)
        for pid in qemu:
            wait_for("QEMU gone", lambda pid=pid: not alive(pid), 5)
    check(seen > 0, "no QEMU was ever seen: the test sees nothing")
    print(f"20 kills, {seen} QEMUs seen before")


@case("does a signal end it and QEMU?")
def signals():
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        p = start([PC64, "--kernel", STANDIN, "-i", ROOT, "--", "hang"],
                  stdout=subprocess.DEVNULL)
        qemu = wait_for("QEMU", lambda: children(p.pid))
        time.sleep(0.2)
        p.send_signal(sig)
        status = p.wait(5)
        equal(status if status >= 0 else 128 - status, 128 + sig,
              f"status after signal {sig}")
        wait_for("QEMU gone", lambda: not alive(qemu[0]), 5)


@case("is an image made anew when a part of it changed, and only then?")
def images_cached():
    shutil.copy(STANDIN, "kernel.elf")
    shutil.copy(ROOT, "root.cpio")
    cmd = [PC64, "--kernel", "./kernel.elf", "-i", "root.cpio", "--tier", "iso",
           "--", "exit4"]
    equal(run(cmd)[0], 4, "status")
    first = os.stat("kernel-root.iso").st_mtime_ns
    equal(run(cmd)[0], 4, "status of the second")
    equal(os.stat("kernel-root.iso").st_mtime_ns, first, "time of the image")
    time.sleep(0.05)
    os.utime("kernel.elf")
    equal(run(cmd)[0], 4, "status of the third")
    check(os.stat("kernel-root.iso").st_mtime_ns > first, "not made anew")
    equal(sorted(os.listdir(".")), ["kernel-root.iso", "kernel.elf",
                                    "root.cpio"], "files")
    # A file that is no kernel: the reason, and no image.
    status, _, err = run([PC64, "--kernel", "root.cpio", "-i", "root.cpio",
                          "--tier", "iso"])
    check(status == 2 and "no multiboot header" in err, "no reason")
    check(not os.path.exists("root-root.iso"), "an image of no kernel")


# --- with the kernel --------------------------------------------------------------

@case("does every tier boot, with all arguments, and leave the status?",
      timeout=300)
def tiers():
    words = ["a b", "it's", "x" * 900]
    for tier in TIERS:
        status, out, err = run(
            [PC64, "--tier", tier, "-i", ROOT, "--", "/bin/sh", "-c",
             'for a; do echo "[$a]"; done; exit 42', "sh", *words], seconds=60)
        equal((status, err), (42, ""), f"status, errors on {tier}")
        # The kernel may have named its disks before.
        check(out.endswith("".join(f"[{a}]\n" for a in words)),
              f"output on {tier}")
        check("mayfly: starting" not in out, f"GRUB's words on {tier}")


@case("does it leave with the status of the program it ran?")
def exit_status():
    for cmd, want in ((["/bin/true"], 0), (["/bin/false"], 1),
                      (["/bin/sh", "-c", "exit 255"], 255),
                      (["/bin/sh", "-c", "kill -TERM $$"], 128 + 15),
                      (["/bin/sh", "-c", "kill -SEGV $$"], 128 + 11),
                      (["/no/such/program"], 127), (["/etc"], 126)):
        equal(boot("--", *cmd)[0], want, f"status of {cmd}")


@case("do empty words and odd characters arrive?")
def odd_words():
    args = ["", "-x", "--", "a\\b", "$(x)", "\u00e9", '"', "\\"]
    status, out, _ = boot("--", "/bin/sh", "-c",
                          'echo $#; for a; do printf "[%s]" "$a"; done',
                          "sh", *args)
    equal((status, out),
          (0, f"{len(args)}\n" + "".join(f"[{a}]" for a in args)),
          "status, output")


@case("does the shell read a pipe to its end?")
def stdin_pipe():
    status, out, _ = boot(input="echo sum $((20 + 3))\nexit 9\n", seconds=30)
    check("sum 23" in out, "no answer")
    equal(status, 9, "status")
    status, out, _ = boot(input="echo only\n", seconds=30)
    check("only" in out, "no answer")
    equal(status, 0, "status at the end of the input")


@case("do 200 KB of input and a megabyte of output arrive whole?")
def much():
    text = "".join(f"line {i}\n" for i in range(20000))
    status, out, _ = boot("--", "/bin/sh", "-c", "stty -echo; md5sum",
                          input=text, show=False)
    equal((status, out[-36:]),
          (0, hashlib.md5(text.encode()).hexdigest() + "  -\n"),
          "status, output")
    status, out, _ = boot("--", "seq", "1", "150000", show=False)
    check((status, out) == (0, "".join(f"{i}\n" for i in range(1, 150001))),
          f"status {status}, {len(out)} characters")


@case("does output wait for a launcher that stands still?", timeout=120)
def launcher_stands():
    p = start([*machine(), "--", "/bin/sh", "-c",
               "echo go; read x; seq 1 30000"],
              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # A kernel's line may come first.
    while p.stdout.readline() != "go\n":
        check(p.poll() is None, "no output")
    p.stdin.write("\n")
    p.stdin.flush()
    for _ in range(3):
        p.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        p.send_signal(signal.SIGCONT)
        time.sleep(0.02)
    out = p.communicate(timeout=60)[0]
    equal(out.split(), [str(i) for i in range(1, 30001)], "output")


@case("does it boot with 1 and with 8 CPUs, and with 64 MiB and 1 GiB?")
def sizes():
    for tier in ("microvm", "q35"):
        for n in ("1", "8"):
            status, out, _ = run([PC64, "--tier", tier, "-i", ROOT, "-n", n,
                                  "--", "nproc"])
            equal((status, out), (0, n + "\n"), f"status, CPUs on {tier}")
        for size, want in (("64M", 64), ("1G", 1024)):
            status, out, _ = run(
                [PC64, "--tier", tier, "-i", ROOT, "-m", size, "--", "sed",
                 "-n", "s/MemTotal: *//p", "/proc/meminfo"])
            got = int(out.split()[0]) / 1024
            check(status == 0 and want * 0.8 < got <= want,
                  f"{got} MiB of {want} on {tier}")


@case("does it say why a root image is not one?")
def bad_roots():
    for name, data in (("empty", b""), ("zeros", bytes(100000)),
                       ("random", random.Random(1).randbytes(100000))):
        with open(name, "wb") as f:
            f.write(data)
        status, out, err = run([PC64, "-i", name, "--timeout", "20"])
        equal(status, 2, f"status with {name}")
        check("root" in out + err and "panic" not in out + err,
              "no reason, or a panic")


@case("does a panic print where, with names, and leave with 134?")
def panic_stack():
    status, out, _ = run([PC64, "--kernel", TEST_KERNEL, "-i", ROOT, "-k",
                          "ktest=canary_panic"])
    equal(status, 134, "status")
    check("panic: " in out and "ktest_canary_panic+" in out, "no names")


@case("does a report of a hang name the loop, in the kernel and outside?")
def hang_report():
    status, out, _ = run([PC64, "--kernel", TEST_KERNEL, "-i", ROOT,
                          "--timeout", "2", "-k", "ktest=canary_spin"])
    equal(status, 135, "status")
    check("hang" in out and "ktest" in out, "the loop is not named")
    status, out, _ = boot("--timeout", "2", "--", "/bin/sh", "-c",
                          "while :; do :; done")
    equal(status, 135, "status of a loop outside")


@case("do two runs by the instruction clock print the same, times too?")
def icount_repeats():
    script = ("for i in 1 2 3 4 5; do cat /proc/uptime; (seq 1 200 | md5sum) & "
              "done; wait; cat /proc/uptime /proc/stat; od -An -tx1 -N 32 "
              "/dev/urandom")
    for seed in ("1", "7"):
        outs = [run([PC64, "-i", ROOT, "--icount", "1", "--seed", seed, "-n",
                     "2", "--", "/bin/sh", "-c", script], show=i == 0)
                for i in range(2)]
        equal(outs[0][0], 0, "status")
        check(outs[0] == outs[1], "the runs differ:\n" + outs[1][1])


@case("does gdb stop the kernel in time, and list threads and processes?")
def gdb_attaches():
    if shutil.which("gdb") is None:
        skip("no gdb here")
    p = start([PC64, "--gdb=" + os.path.abspath("gdb"), "-i", ROOT, "--",
               "/bin/sleep", "1000"], stdout=subprocess.DEVNULL)
    wait_for("the socket", lambda: os.path.exists("gdb"))
    _, out, _ = run(["gdb", "-q", "-batch", "-nx", "-x",
                     TOP + "/ci/gdb/mayfly.py", "-ex", "target remote gdb",
                     "-ex", "break init_start", "-ex", "continue",
                     "-ex", "backtrace", "-ex", "delete",
                     "-ex", "break kern_nanosleep", "-ex", "continue",
                     "-ex", "mayfly threads", "-ex", "mayfly ps",
                     "-ex", "mayfly cpus", "-ex", "mayfly bt init",
                     BUILD + "/pc64-kernel.elf"], seconds=60)
    check("kernel_start" in out, "no stack at the break point")
    rows = [l.split() for l in out.splitlines()]
    check(any(r[:1] == ["2"] and r[-1:] == ["sleep"] for r in rows),
          "sleep is not in the process list")
    check(any(len(r) == 6 and r[0] == "0" and r[4] in "12" for r in rows),
          "no CPU with gdb's thread")
    check("kern_wait" in out, "init's stack does not say that it waits")
    p.terminate()
    p.wait(5)


@case("does ci/boot boot the PC, and refuse what makes no sense?", timeout=600)
def ci_boot():
    cmd = [TOP + "/ci/boot", "--preset", "debug", "--machine", "pc64"]
    status, out, _ = run(cmd + ["--", "sh", "-c", "uname; exit 5"], seconds=500)
    equal((status, out), (5, "Linux\n"), "status, output")
    refused([TOP + "/ci/boot", "--machine", "vax"], "vax")
    refused([TOP + "/ci/boot", "--tier", "q35"], "--tier", "pc64")
    refused([TOP + "/ci/boot", "--nonesuch"], "--nonesuch")


# --- serving --------------------------------------------------------------------------

def server(*options):
    sock = os.path.abspath("sock")
    p = start([PC64, "--serve", sock, "-i", BUILD + "/initramfs-test.cpio",
               "--kernel", TEST_KERNEL, *options], stderr=subprocess.PIPE)
    wait_for("the socket", lambda: os.path.exists(sock))
    return p, sock


def ask(sock, program, name, **env):
    """The proxy's status and result for one case."""
    env = dict(os.environ, MAYFLY_BUILD=BUILD, MAYFLY_MACHINE="pc64",
               MAYFLY_SOCKET=sock, **env)
    status, _, _ = run([f"{BUILD}/tests/guest/{program}", "-r", "result", name],
                       env=env)
    with open("result", encoding="utf-8") as f:
        return status, f.read().strip()


@case("does one machine serve cases, good and bad, and end in good order?")
def serves():
    p, sock = server()
    for name in ("open_flags", "link_count"):
        equal(ask(sock, "h_file", name), (0, "passed"), name)
    for name in ("canary_check", "canary_segv", "canary_exit"):
        equal(ask(sock, "h_canary", name), (0, "passed"), name)
    equal(ask(sock, "h_file", "rename_rules"), (0, "passed"), "after those")
    qemus = [q for w in children(p.pid) for q in children(w)]
    equal(len(qemus), 1, "machines")
    p.terminate()
    _, err = p.communicate(timeout=30)
    equal((p.returncode, err), (0, ""), "status, words at the end")
    check(not os.path.exists(sock), "the socket is left")
    check(not any(map(alive, qemus)), "QEMU is left")


@case("does who asked for a case that failed or hung get its last events?")
def served_events():
    p, sock = server("--set", "ktr=*")
    env = dict(os.environ, MAYFLY_BUILD=BUILD, MAYFLY_MACHINE="pc64",
               MAYFLY_SOCKET=sock)
    for name, wanted in (("canary_exit", "SYSCALL.enter"),
                         ("canary_pause", "SCHED.sleep"), ("litter", None)):
        _, out, _ = run([f"{BUILD}/tests/guest/h_canary", "-r", "result", name],
                        env=env, show=False)
        told = re.search(r"^the last events:\r?$", out, re.M) is not None
        equal(told, wanted is not None, f"{name}: the last events are told")
        if wanted is not None:
            check(wanted in out and "ktrdump:" in out, f"{name}: {out[-500:]}")
    p.terminate()
    _, err = p.communicate(timeout=30)
    equal((p.returncode, err), (0, ""), "status, words at the end")


@case("does one case's litter reach the next?")
def litter():
    p, sock = server()
    machine = wait_for("a machine", lambda: [
        q for w in children(p.pid) for q in children(w)])
    for name in ("litter", "swept"):
        equal(ask(sock, "h_canary", name), (0, "passed"), name)
    check(alive(machine[0]), "the machine was booted again for litter that "
          "can be swept")
    equal(ask(sock, "h_canary", "litter_memory"), (0, "passed"), "memory")
    equal(ask(sock, "h_canary", "swept"), (0, "passed"), "after that")
    check(not alive(machine[0]), "80 MiB stayed with the machine")
    p.terminate()
    _, err = p.communicate(timeout=30)
    equal((p.returncode, err), (0, ""), "status, words at the end")


@case("does the server die with the one that started it?")
def server_orphaned():
    sock = os.path.abspath("sock")
    shell = start(["/bin/bash", "-c", 'echo $$; "$@" & wait', "sh", PC64,
                   "--serve", sock, "-i", BUILD + "/initramfs-test.cpio",
                   "--kernel", TEST_KERNEL], stdout=subprocess.PIPE)
    shell.stdout.readline()
    wait_for("the socket", lambda: os.path.exists(sock))
    left = wait_for("machines", lambda: [
        [s, w, q] for s in children(shell.pid) for w in children(s)
        for q in children(w)])[0]
    shell.kill()
    shell.wait()
    wait_for("all gone", lambda: not any(map(alive, left)), 40)


@case("does nothing stay when the server is killed?")
def server_killed():
    p, _ = server("--workers", "2")
    wait_for("machines", lambda: len(children(p.pid)) == 2 and
             all(map(children, children(p.pid))))
    left = children(p.pid)
    left += [q for w in left for q in children(w)]
    p.kill()
    p.wait()
    wait_for("all gone", lambda: not any(map(alive, left)), 5)


@case("is a machine that was killed replaced?")
def machine_killed():
    p, sock = server()
    equal(ask(sock, "h_file", "open_flags"), (0, "passed"), "before")
    os.kill(children(children(p.pid)[0])[0], signal.SIGKILL)
    equal(ask(sock, "h_file", "open_flags"), (0, "passed"), "after")
    p.terminate()
    _, err = p.communicate(timeout=30)
    check(p.returncode == 1 and "ended" in err, "the death is not told")


main()
