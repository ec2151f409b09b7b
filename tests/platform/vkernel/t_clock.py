#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The vkernel's clock against the host's, with and without the cycle counter.
What a program sees of the vDSO is in guest/h_vdso."""
import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../../harness")
from atf import BUILD, VKERNEL, case, check, equal, main, run

ROOT = BUILD + "/initramfs-test.cpio"
CASES = "symbols maps agrees threads settime children others odd_clocks"


def guest(script, *options):
    """Run a shell script in the guest; its output."""
    status, out, _ = run([VKERNEL, "-i", ROOT, *options, "--", "/bin/sh", "-c", script])
    equal(status, 0, "the script's status")
    return out


@case("does all work without a counter that can be trusted?")
def without_counter():
    out = guest(f"for c in {CASES}; do /tests/h_vdso $c || exit 1; done; "
                "/sbin/sysctl hw.clock_cycles", "-k", "clock=host")
    check("hw.clock_cycles: 0" in out, "the counter was used")


@case("is the time of day the host's, one way and the other?")
def time_of_day():
    for option in ("clock=host", "clock=cycles"):
        before = time.time()
        out = guest("sleep 1; cat /proc/uptime; date +%s", "-k", option)
        after = time.time()
        seconds = int(re.search(r"^(\d+)\r?$", out, re.M)[1])
        check(int(before) <= seconds <= after, f"{before} {seconds} {after}")
        up = float(re.search(r"^([\d.]+) ", out, re.M)[1])
        check(1 <= up <= after - before, f"up {up} s of {after - before} s")


main()
