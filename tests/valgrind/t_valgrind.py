#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""valgrind/run: options, statuses, the report; and that each suppression of
kernel.supp is needed."""
import os
import re
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import BUILD, ROOT, TOP, case, check, equal, main, one_line, run

RUN = TOP + "/valgrind/run"
TEST_ROOT = BUILD + "/initramfs-test.cpio"
SUPPRESSIONS_MAX = 20


def boot(*args):
    return run([RUN, "--built", BUILD, "--initramfs", ROOT, *args], seconds=100)


def body(name, *args):
    """Run a body of the test kernel."""
    return run([RUN, "--built", BUILD, "--kernel", "vkernel-test", "--initramfs",
                TEST_ROOT, "--share", ".", "--set", "ktest=" + name, *args],
               seconds=300)


@case("does --help print the options and end with 0?")
def help_exits_0():
    status, out, err = run([RUN, "--help"])
    equal((status, err), (0, ""), "status, stderr")
    for option in ("--preset", "--report", "--origins", "--built", "--share"):
        check(option in out, f"{option} is not in the help")


@case("are mistakes in the options told in one line, with status 2?")
def refused():
    for args in (["--nonesuch"], ["stray"], ["--preset"], ["--preset", "debug"],
                 ["--kernel", "busybox"], ["--built", "/no/such/directory"],
                 ["--report"], ["--"]):
        status, out, err = run([RUN, *args])
        equal(status, 2, f"status of {args}")
        one_line(out + err)


@case("is the machine's status ours, and the report empty, if all is well?")
def status_passes():
    status, out, _ = boot("--report", "report", "--", "/bin/busybox", "sh", "-c",
                          "echo from inside; exit 3")
    equal(status, 3, "status")
    check("from inside" in out, "the command's output is missing")
    with open("report", encoding="utf-8") as f:
        equal(f.read(), "", "the report")


@case("does the kernel mount, list and print under memcheck without a report?")
def tour():
    status, _, err = boot("--share", ".", "--", "/bin/busybox", "sh", "-c", """
        cd /tmp && cp /bin/busybox b && cmp b /bin/busybox && rm b &&
        ls -lR /dev /proc/self >list 2>&1; sort list | tail -1
        mkdir /host/d && echo text >/host/d/f && cat /host/d/f && rm -r /host/d
        sleep 1 | cat & wait; mount; ps; df; echo | read x; exit 0""")
    equal((status, err), (0, ""), "status, report")


@case("does a day's work for busybox (tests/real) run without a report?", timeout=900)
def real():
    os.mkdir("share")
    shutil.copy(TOP + "/tests/real/script.sh", "share")
    status, out, err = run([RUN, "--built", BUILD, "--initramfs", ROOT, "--share",
                            "share", "--", "/bin/sh", "-c", """
        mkdir /tmp/work && cd /tmp/work && cp /host/script.sh . || exit 90
        env -i PATH=/sbin:/usr/sbin:/bin:/usr/bin HOME=/ sh script.sh >/tmp/out 2>&1
        status=$?; tail -n 1 /tmp/out; exit $status"""], seconds=800)
    equal((status, err), (0, ""), "status, report")
    check("steps done" in out, "the script did not end")


@case("is a mistake of the kernel status 99, with a report where it was asked for?")
def found():
    status, _, err = body("planted_uaf_read", "--set", "planted", "--report",
                          "report")
    equal(status, 99, "status")
    check("Invalid" not in err, "the report is on standard error, too")
    with open("report", encoding="utf-8") as f:
        text = f.read()
    for words in ("Invalid read of size 4", "free'd", "Block was alloc'd"):
        check(words in text, f"{words!r} is not in the report")


@case("does --origins tell where bytes without a value came from?")
def origins():
    status, _, err = body("planted_undefined_branch", "--set", "planted",
                          "--origins")
    equal(status, 99, "status")
    check("Uninitialised value was created" in err, "no origin")
    check("planted_undefined.c" in err.split("was created")[1], "it is elsewhere")


@case("is each suppression explained, and needed: is there a report without it?")
def suppressions():
    with open(TOP + "/valgrind/kernel.supp", encoding="utf-8") as f:
        text = f.read()
    entries = re.findall(r"((?:^#.*\n)*)^\{\n((?:.*\n)*?)\}", text, re.M)
    equal(len(entries), text.count("\n{"), "entries with a comment")
    check(len(entries) <= SUPPRESSIONS_MAX, f"{len(entries)} are too many")
    for comment, entry in entries:
        name = entry.split()[0]
        proof = re.search(r"proof: (\w+)", comment)
        check(proof, f"{name}: no case proves it")
        status, _, err = body(proof[1], "--unsuppressed")
        equal(status, 99, f"{name}: status without it")
        check("==" in err, f"{name}: no report without it")
        equal(body(proof[1])[0], 0, f"{name}: status with it")
    print(f"{len(entries)} suppressions")


main()
