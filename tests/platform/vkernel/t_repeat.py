#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Repeatable runs (vkernel -D): the same seed, the same run, event by event."""
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../../harness")
from atf import BUILD, VKERNEL, VKERNEL_TEST, case, check, equal, main, run, skip, TOP

ROOT = BUILD + "/initramfs-test.cpio"
MEMCHECK = TOP + "/build/memcheck"

# Processes that share the CPU, the disk's cache, pipes and time.
BUSY = """for i in 1 2 3 4; do
  (head -c 200000 /dev/urandom >/tmp/f$i; gzip /tmp/f$i; sort /proc/meminfo | wc -l;
   sleep 0.$i; find / -xdev | wc -l; md5sum /tmp/f$i.gz) &
done; wait; date; cat /proc/stat /proc/uptime"""


def seeded(seed, script, *options, kernel=VKERNEL, prefix=(), **kw):
    """(hash line, output without it)"""
    status, out, err = run([*prefix, kernel, "-i", ROOT, "-D", str(seed),
                            "-k", "ktr.hash=1", *options, "--", "/bin/sh",
                            "-c", script], show=False, **kw)
    equal((status, err), (0, ""), f"status, errors of seed {seed}")
    found = re.search(r"^ktr: hash ([0-9a-f]+) of (\d+) events$", out, re.M)
    check(found, f"no hash in {out[-300:]}")
    check("not repeatable" not in out, "it says that it is not repeatable")
    return found[0], out.replace(found[0], "")


@case("does a seed give the same events, times and output, ten times?")
def same():
    first = seeded(5, BUSY)
    print(first[0])
    check(int(first[0].split()[4]) > 10000, "few events")
    for _ in range(9):
        equal(seeded(5, BUSY), first, "another run of the seed")


@case("does another seed give other events and the same kind of output?")
def others():
    runs = [seeded(n, BUSY) for n in range(8)]
    equal(len({h for h, _ in runs}), 8, "different hashes of 8 seeds")
    equal(len({len(o.split("\n")) for _, o in runs}), 1, "numbers of lines")


@case("is a run the same with a loaded host?")
def loaded():
    want = seeded(9, BUSY)
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
               for _ in range(4)]
    try:
        for _ in range(3):
            equal(seeded(9, BUSY), want, "a run on a busy host")
    finally:
        for b in burners:
            b.kill()
            b.wait()


@case("is a run under valgrind the same?", timeout=300)
def valgrind():
    kernel = MEMCHECK + "/vkernel"
    if not os.path.exists(kernel):
        skip("build/memcheck is not built")
    want = seeded(3, BUSY, kernel=kernel)
    got = seeded(3, BUSY, kernel=kernel, seconds=250, prefix=(
        "valgrind", "--quiet", "--fair-sched=yes", "--max-stackframe=4000000",
        f"--suppressions={TOP}/valgrind/kernel.supp"))
    equal(got, want, "the run under valgrind")


@case("does a day pass at once, for every clock of programs and the kernel?")
def day():
    _, out = seeded(1, "date +%s; sleep 86400; date +%s; cat /proc/uptime")
    a, b = (int(n) for n in re.findall(r"^(\d{10})$", out, re.M))
    check(86400 <= b - a <= 86402, f"the time of day moved by {b - a} s")
    check(float(re.search(r"^([\d.]+) ", out, re.M)[1]) >= 86400, "uptime")


@case("is input from a file and from a pipe the same run?")
def text_in():
    text = "".join(f"echo line {i}\n" for i in range(2000))
    with open("input", "w", encoding="ascii") as f:
        f.write(text)
    words = [VKERNEL, "-i", ROOT, "-D", "4", "-k", "ktr.hash=1", "--", "/bin/sh"]
    with open("input", encoding="ascii") as f:
        a = run(words, show=False, stdin=f)
    b = run(words, show=False, input=text)
    equal(a, b, "the run with a pipe")
    check("line 1999\n" in a[1] or "line 1999\r\n" in a[1], "the last line")

    # In pieces, slowly: the kernel waits for them.
    p = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         text=True)
    for i in range(0, len(text), 9000):
        p.stdin.write(text[i:i + 9000])
        p.stdin.flush()
        time.sleep(0.05)
    out = p.communicate(timeout=60)[0]
    equal(re.findall("line .*", out), re.findall("line .*", a[1]), "the lines")


@case("does a program's rdtsc tell virtual time?")
def rdtsc():
    runs = [run([VKERNEL, "-i", ROOT, "-D", "1", "--", "/tests/h_cpu", "counter"])
            for _ in range(2)]
    equal(runs[0], runs[1], "two runs")
    equal(runs[0][0], 0, "status")


@case("does it say who waits when nothing can ever happen again?")
def deadlock():
    status, out, _ = run([VKERNEL, "-i", ROOT, "-D", "1", "--", "/bin/sh", "-c",
                          "mkfifo /tmp/f; cat /tmp/f"])
    equal(status, 134, "status")
    check("panic: nothing but the kernel's timers is left: the programs wait" in out,
          "no reason")
    check(re.search(r'waits in "fifo"$', out, re.M) is not None, f"who waits? {out}")


@case("is a program that computes for ever stopped, and is that told?", timeout=120)
def compute():
    status, out, _ = run([VKERNEL, "-i", ROOT, "-D", "1", "--", "/bin/sh", "-c",
                          "while :; do :; done & sleep 3; kill $!; echo went on"])
    equal(status, 0, "status")
    check("went on" in out, "the others did not go on")
    check(out.count("this run is not repeatable from here") <= 1, "told twice")


@case("are several CPUs and what is no number refused?")
def refused():
    for words, why in ((["-D", "1", "-n", "2"], "one CPU"),
                       (["-D", "x"], "not a number"), (["-D", "-1"], "not a number"),
                       (["-D", ""], "not a number"), (["-D"], "needs a value")):
        status, _, err = run([VKERNEL, "-i", ROOT, *words])
        equal(status, 2, f"status of {words}")
        check(why in err and err.count("\n") == 1, f"{words}: {err!r}")


@case("does a panic come again with its seed?")
def panic_again():
    words = [VKERNEL_TEST, "-i", ROOT, "-D", "7", "-k", "ktest=canary_null"]
    a, b = run(words), run(words)
    equal(a, b, "the second panic")
    equal(a[0], 134, "status")


main()
