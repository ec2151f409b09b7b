#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""script.sh on the host and on Mayfly: the same busybox, the same output.

Both sides run Debian's unmodified busybox-static in an empty directory, with
a PATH that holds nothing but its applets, and the outputs are compared byte
by byte.

MAYFLY_REPEAT=N changes how often the repeating cases run (3):
    MAYFLY_REPEAT=20 build/debug/tests/real/t_real repeat_in_one_boot
"""
import difflib
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import HERE, boot, case, check, fail, main, skip

SCRIPT = os.path.realpath(HERE + "/../real/script.sh")
BUSYBOX = "/bin/busybox"
REPEAT = int(os.environ.get("MAYFLY_REPEAT", "3"))
GUEST = """
i=0
while [ $i -lt %d ]; do
	mkdir /tmp/work && cd /tmp/work && cp /host/script.sh . || exit 90
	env -i PATH=/sbin:/usr/sbin:/bin:/usr/bin HOME=/ sh script.sh >/tmp/out 2>&1
	echo "status $?" >>/tmp/out
	cp /tmp/out /host/out.$i && cd / && rm -r /tmp/work /tmp/out || exit 91
	i=$((i + 1))
done
"""


def on_host():
    """The script's output on the host."""
    if not os.access(BUSYBOX, os.X_OK):
        skip(f"{BUSYBOX} is missing")
    os.mkdir("applets")
    os.mkdir("work")
    applets = subprocess.check_output([BUSYBOX, "--list"], text=True).split()
    for name in applets:
        os.symlink(BUSYBOX, "applets/" + name)
    shutil.copy(SCRIPT, "work/script.sh")
    env = {"PATH": os.path.abspath("applets"), "HOME": "/"}
    r = subprocess.run([BUSYBOX, "sh", "script.sh"], cwd="work", env=env,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=60)
    shutil.rmtree("work")
    with open(SCRIPT, encoding="utf-8") as f:
        words = set(re.findall(r"(?:^|[\s`(;|&])([\w\[]+)(?=\s|$|;|\))",
                               f.read(), re.M))
    steps = r.stdout.count(b"\n-- ") + r.stdout.startswith(b"-- ")
    check(f"{steps} steps done".encode() in r.stdout, "the script did not end")
    print(f"{steps} steps, {len(words & set(applets))} different applets")
    return r.stdout + b"status %d\n" % r.returncode


def in_guest(times):
    """The outputs of so many runs on one kernel."""
    os.makedirs("share", exist_ok=True)
    shutil.copy(SCRIPT, "share/script.sh")
    status, _, _ = boot("--share", "share", "--", "/bin/sh", "-c",
                        GUEST % times, seconds=60 + 30 * times)
    outs = []
    for i in range(times):
        path = f"share/out.{i}"
        if not os.path.exists(path):
            fail(f"run {i + 1} of {times} left no output, status {status}")
        with open(path, "rb") as f:
            outs.append(f.read())
        os.remove(path)
    check(status == 0, f"status {status}")
    return outs


def compare(want, got, what):
    if got == want:
        return
    diff = difflib.unified_diff(
        want.decode(errors="backslashreplace").splitlines(),
        got.decode(errors="backslashreplace").splitlines(),
        "host", what, lineterm="")
    print("\n".join(list(diff)[:200]))
    fail(f"{what} differs from the host's output; see the diff")


@case("does a script of everyday commands print in the guest what it prints "
      "on the host?", timeout=300)
def same_as_host():
    compare(on_host(), in_guest(1)[0], "guest")


@case("is it the same each time, run after run on one kernel?", timeout=1800)
def repeat_in_one_boot():
    want = on_host()
    for i, got in enumerate(in_guest(REPEAT)):
        compare(want, got, f"run {i + 1}")
    print(f"{REPEAT} runs, {REPEAT} equal")


@case("is it the same each time, each run on a kernel of its own?",
      timeout=1800)
def repeat_in_many_boots():
    want = on_host()
    for i in range(REPEAT):
        compare(want, in_guest(1)[0], f"boot {i + 1}")
    print(f"{REPEAT} boots, {REPEAT} equal")


main()
