#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Debian's programs on the host and on Mayfly: the same files, the same output.

programs/NAME.sh is a case; programs/README.md says how they are written.  Both
sides run it in the root of Debian packages that ci/rootfs made (ci/test has it
made): the host in a chroot with mounts of its own, Mayfly from the same root as
an archive in memory.

    build/debug/tests/emulation/linux/t_programs git
    MAYFLY_REPEAT=5 build/debug/tests/emulation/linux/t_programs redis
    MAYFLY_LONG=yes build/debug/tests/emulation/linux/t_programs python_suite
"""
import difflib
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE + "/../../harness")
from atf import MACHINE, TOP, case, check, fail, machine, main, run, skip

PROGRAMS = HERE + "/programs"
ROOTS = TOP + "/build/rootfs"
DIR = ROOTS + "/programs"
IMAGE = DIR + ".cpio"
REPEAT = int(os.environ.get("MAYFLY_REPEAT", "1"))
LONG = os.environ.get("MAYFLY_LONG", "") == "yes"
ENV = "env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8"
# On the host: name spaces of our own, so nothing stays mounted, nobody stays
# running, and no segment of shared memory outlives a server that was killed; bash is process 1 there and reaps orphans.
ON_HOST = """
set -e
mount --make-rprivate /
mount -t tmpfs none "$0/tmp"
mount --rbind /dev "$0/dev"
mount -t tmpfs none "$0/dev/shm"
mount -t proc none "$0/proc"
mount --rbind /sys "$0/sys"
ulimit -c 0
mkdir "$0/tmp/work" && cp "$1/script.sh" "$0/tmp/script.sh"
mount --bind "$1" "$0/host"
exec chroot "$0" /bin/bash -c 'cd /tmp/work && setsid -w %s bash ../script.sh </dev/null 2>&1; exit $?'
""" % ENV
# On Mayfly: /host is the shared directory.
ON_MAYFLY = """
ulimit -c 0
mkdir /tmp/work && cp /host/script.sh /tmp/ && cd /tmp/work || exit 125
setsid -w %s bash ../script.sh >/tmp/out 2>&1 </dev/null
status=$?
cp /tmp/out /host/out
exit $status
""" % ENV


def header(name):
    """What the first lines of a script ask for: {word: value}."""
    found = {}
    with open(f"{PROGRAMS}/{name}.sh", encoding="utf-8") as f:
        for line in f:
            m = re.match(r"# (seconds|memory|long on|expect|files): (.*)", line)
            if m:
                found[m[1]] = m[2]
            elif not line.startswith("#"):
                break
    return found


def share(name, files):
    """What both sides find at /host: the script, and files from build/rootfs."""
    os.makedirs("share", exist_ok=True)
    shutil.copy(f"{PROGRAMS}/{name}.sh", "share/script.sh")
    if files is not None and not os.path.exists("share/files"):
        shutil.copytree(f"{ROOTS}/{files}", "share/files", symlinks=True)


def on_host(name, seconds):
    argv = ["unshare", "-mipf", "--kill-child"]
    if os.getuid() != 0:
        argv.append("-Ur")
    r = subprocess.run(argv + ["sh", "-c", ON_HOST, DIR,
                               os.path.realpath("share")],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=seconds)
    return r.stdout, r.returncode


def in_guest(name, seconds, memory):
    if os.path.exists("share/out"):
        os.remove("share/out")
    status, _, _ = run(machine("--memory", memory, "--share", "share", "--",
                               "/bin/bash", "-c", ON_MAYFLY, root=IMAGE),
                       seconds=seconds)
    if not os.path.exists("share/out"):
        fail(f"no output, status {status}")
    with open("share/out", "rb") as f:
        return f.read(), status


def compare(name, want, got):
    # bash names the process in "line 3:  123 Killed".
    want, got = [(re.sub(rb"(\.sh: line \d+:) +\d+ ", rb"\1 N ", out), status)
                 for out, status in (want, got)]
    if got == want:
        return
    lines = [x[0].decode(errors="backslashreplace").splitlines() +
             [f"status {x[1]}"] for x in (want, got)]
    print("\n".join(list(difflib.unified_diff(*lines, "host", MACHINE,
                                              lineterm=""))[:200]))
    fail(f"{name}: not what the host prints; see the diff")


def program(name):
    asked = header(name)
    seconds = int(asked.get("seconds", "120"))
    slow, _, why = asked.get("long on", "").partition(": ")
    guest_seconds = seconds * (4 if MACHINE == "pc64" else 1)
    if slow == MACHINE:
        guest_seconds *= 10

    def body():
        if slow == MACHINE and not LONG:
            skip(f"{why}: see ci/jobs/ladder")
        if not os.path.exists(IMAGE):
            skip(f"no {IMAGE}: ci/test makes it")
        files = asked.get("files")
        if files is not None and not os.path.exists(f"{ROOTS}/{files}"):
            skip(f"no {ROOTS}/{files}: ci/test makes it")
        share(name, files)
        want = on_host(name, seconds) if "expect" not in asked else (
            (asked["expect"] + "\n").encode(), 0)
        check(want[0], "the host printed nothing")
        for _ in range(REPEAT):
            compare(name, want, in_guest(name, guest_seconds,
                                         asked.get("memory", "2G")))
        print(f"{want[0].count(chr(10).encode())} lines equal")

    body.__name__ = name
    case(f"does {name} do what it does on the host?",
         timeout=seconds + guest_seconds * REPEAT)(body)


for entry in sorted(os.listdir(PROGRAMS)):
    if entry.endswith(".sh"):
        program(entry[:-3])
main()
