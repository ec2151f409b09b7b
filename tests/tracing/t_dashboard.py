#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The dashboard in headless Chromium.  browse.mjs does what a person would; this
makes the traces.  MAYFLY_SHOTS=DIR keeps the pictures of the page."""
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import (BUILD, ROOT, TOP, VKERNEL, case, check, main, run, skip, start,
                 wait_for)

NPM = BUILD + "/tracing/dashboard/npm"
SCRIPT = ("ls -lR /bin >/dev/null; for i in 1 2 3; do cat /proc/self/maps | wc -l; "
          "done; sleep 0.05; cat /nothing; exit 0")


def record(*options, script=SCRIPT):
    run([VKERNEL, "-i", ROOT, "-k", "ktr=*", "-k", "ktr.entries=16384", *options,
         "--kshm", os.path.abspath("seg"), "--", "/bin/sh", "-c", script],
        show=False)
    return "./seg"


def browse(name, where):
    if not os.path.exists(BUILD + "/dashboard/app.js"):
        skip("the page was not built: npm is not reachable")
    s = start([BUILD + "/traced", where], stdout=subprocess.PIPE)
    url = s.stdout.readline().strip()
    check(url.startswith("http://127.0.0.1:"), f"traced said {url!r}")
    home = os.path.abspath("home")
    os.mkdir(home)
    env = dict(os.environ, HOME=home, XDG_CONFIG_HOME=home, XDG_CACHE_HOME=home)
    status, out, err = run(["node", TOP + "/tests/tracing/browse.mjs", NPM, name,
                            url], seconds=240, env=env, show=False)
    shots = os.environ.get("MAYFLY_SHOTS")
    if shots and os.path.exists(name + ".png"):
        os.makedirs(shots, exist_ok=True)
        shutil.copy(name + ".png", shots)
    check(status == 0, f"{out}\n{err}")


@case("does the page open, and draw CPUs and threads?", timeout=300)
def opens():
    browse("open", record())


@case("do the wheel and a drag zoom and move, about the place of the mouse?",
      timeout=300)
def zoom():
    browse("zoom", record())


@case("is all of it reached by keys, and does each thing have a name?",
      timeout=300)
def keyboard():
    browse("keyboard", record())


@case("does a click on a slice tell what it is, and lead to its events?",
      timeout=300)
def click():
    browse("click", record())


@case("do filter and search of the events find, and refuse what is wrong?",
      timeout=300)
def filters():
    browse("filter", record())


@case("do the tables fill, sort, and lead to the timeline?", timeout=300)
def tables():
    browse("tables", record())


@case("is there a histogram for any two events?", timeout=300)
def latency():
    browse("latency", record())


@case("is the flame graph drawn, for elapsed and CPU time?", timeout=300)
def flame():
    browse("flame", record())


@case("do objects show their members, again and again?", timeout=300)
def objects():
    browse("objects", record())


@case("does a link bring back tab, window, filter and threads?", timeout=300)
def link():
    browse("link", record())


@case("does the export button give a file that parses?", timeout=300)
def exports():
    browse("exports", record())


@case("is a loss stated in the banner and hatched in its place?", timeout=300)
def loss():
    record()
    with open("seg", "rb") as f:
        data = bytearray(f.read())
    ring = data.index(b"ktr.cpu0\0")
    offset = int.from_bytes(data[ring + 104:ring + 112], "little")
    head = int.from_bytes(data[offset:offset + 8], "little")
    records = int.from_bytes(data[offset + 32:offset + 40], "little")
    for i in range(head // 2, head // 2 + 100):
        at = records + 64 * i
        data[at:at + 8] = b"\1\0\0\0\0\0\0\0"
    with open("seg", "wb") as f:
        f.write(data)
    browse("loss", "./seg")


@case("are injected failures marked, and told by a click?", timeout=300)
def marks():
    # The n-th question of a point fails: somebody gets ENOMEM.
    browse("marks", record("-k", "fault.nth=3", "-k", "fault.points=zone",
                           "-k", "fault.from=init"))


@case("are the cases of a guest program marked?", timeout=300)
def cases():
    run([VKERNEL, "-i", ROOT, "-i", BUILD + "/guest/h_pipe.cpio", "-k", "ktr=*",
         "-k", "ktr.entries=16384", "--kshm", os.path.abspath("seg"), "--",
         "/tests/h_pipe", "pipe_eof"], show=False)
    browse("cases", "./seg")


@case("does the live mode follow a running kernel?", timeout=300)
def live():
    p = start([VKERNEL, "-i", ROOT, "-k", "ktr=SYSCALL,SCHED", "-k",
               "ktr.entries=65536", "--", "/bin/sh", "-c",
               "while :; do cat /proc/self/stat >/dev/null; done"])
    wait_for("a segment", lambda: run([BUILD + "/kshm", "info", str(p.pid)],
                                      show=False)[0] == 0, 60)
    browse("live", str(p.pid))


@case("does it follow the colours of the system, dark and light?", timeout=300)
def dark():
    browse("dark", record())


main()
