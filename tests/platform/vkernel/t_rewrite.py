#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Rewriting of system-call sites: that it happens, and its switches.  What a
program sees of it is in guest/h_rewrite."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../../harness")
from atf import BUILD, VKERNEL, case, check, equal, main, run

ROOT = BUILD + "/initramfs-test.cpio"


def guest(script, *options):
    """Run a shell script in the guest; its output."""
    status, out, _ = run([VKERNEL, "-i", ROOT, *options, "--", "/bin/sh", "-c", script])
    equal(status, 0, "the script's status")
    return out


def value(out, name):
    m = re.search(rf"^{re.escape(name)}: (\d+)\r?$", out, re.M)
    check(m is not None, f"no value of {name} in {out!r}")
    return int(m[1])


@case("are hot sites rewritten, in all forms, and does each work?")
def happens():
    out = guest("/tests/h_rewrite results && /sbin/sysctl hw.syscall_rewritten")
    check(value(out, "hw.syscall_rewritten") >= 5, "fewer than 5 sites")


@case("does hw.syscall_rewrite=0 keep every site as it is?")
def switch():
    out = guest("/sbin/sysctl hw.syscall_rewrite=0 && /tests/h_rewrite results && "
                "/sbin/sysctl hw.syscall_rewritten")
    equal(value(out, "hw.syscall_rewritten"), 0, "sites")


@case("are sites put back before their text is changed?")
def restored():
    out = guest("/tests/h_rewrite self_modifying && /sbin/sysctl hw.syscall_restored")
    check(value(out, "hw.syscall_restored") >= 1, "none was put back")


@case("does all work at the very first call already?")
def at_once():
    guest("/sbin/sysctl hw.syscall_rewrite=1 && for c in results registers forks gs "
          "mappings signals restart single_step threads unmapped_area; do "
          "/tests/h_rewrite $c || exit 1; done")


@case("does want of memory leave a site as it is?")
def no_memory():
    out = guest("/sbin/sysctl debug.fault.rewrite.ppm=1000000 && "
                "/tests/h_rewrite results && /sbin/sysctl hw.syscall_rewritten")
    equal(value(out, "hw.syscall_rewritten"), 0, "sites")


@case("does it work on one CPU?")
def one_cpu():
    guest("/tests/h_rewrite results && /tests/h_rewrite signals && "
          "/tests/h_rewrite threads", "-n", "1")


main()
