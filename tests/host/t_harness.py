#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The tests' own tools: what a failed case carries, Kyua's variables, reports.

The canaries do wrong on purpose, so their consoles have what a failure has."""
import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import BUILD, TOP, case, check, equal, main, run

CANARIES = BUILD + "/tests/kern/k_canary"


def proxy(name, *words, program=CANARIES, **env):
    """(result line, console) of a case."""
    status, out, err = run([program, "-r", "result", *words, name],
                           env={**os.environ, "MAYFLY_TOP": TOP,
                                "MAYFLY_BUILD": BUILD, **env})
    if status == 2:
        return err, out
    with open("result", encoding="utf-8") as f:
        return f.read(), out


def command(console):
    """The words that boot the case's machine again."""
    found = re.search(r"^machine \w+: (.*)$", console, re.M)
    check(found, "no command")
    return shlex.split(found[1])


@case("has a failed check its console, its command and its last events?")
def carries():
    result, out = proxy("canary_fail")
    equal(result, "passed\n", "result")
    check("\nktest: " in out, "no message")
    check(re.search(r"^the last events.*\n\d+ \d+ \d+ \w+", out, re.M),
          "no events")


@case("has a panic its last events, and does its command panic again?")
def panic_again():
    _, out = proxy("canary_null", "-v", "seed=9")
    check("the last events" in out, "no events")
    words = command(out)
    check("--seed 9" in " ".join(words), "no seed")
    status, again, _ = run(words)
    equal(status, 134, "status")
    equal(again, out[out.index("\n\npanic: ") + 1:], "the console")


@case("has a hang its last events, which the kernel cannot print?")
def hang():
    result, out = proxy("canary_hang")
    equal(result, "passed\n", "result")
    events = out.split("the last events", 1)
    equal(len(events), 2, "parts")
    check(events[1].count("\n") > 20, "few events")


@case("are all variables taken, from Kyua and from ci/test?")
def variables():
    wanted = "--seed 4 --set fault.nth=7 --set fault.points=zone"
    _, out = proxy("canary_clean", "-v", "seed=4", "-v",
                   "fault=nth=7;points=zone", "-v", "trace=0", "-v",
                   "parallelism=2")
    check(wanted in " ".join(command(out)), "from Kyua")
    check("ktr" not in " ".join(command(out)), "trace=0 traces")
    _, out = proxy("canary_clean", MAYFLY_SEED="4", MAYFLY_TRACE="SCHED",
                   MAYFLY_FAULT="nth=7;points=zone")
    check(wanted + " --set ktr=SCHED" in " ".join(command(out)), "from ci/test")
    result, _ = proxy("canary_clean", "-v", "machine=toaster")
    check("no machine has the name toaster" in result, result)


@case("does a plan that fails everything fail the case and keep the kernel?")
def plan():
    program = BUILD + "/tests/guest/h_pipe"
    result, out = proxy("pipe_eof", "-v", "fault=ppm=1000000", "-v", "seed=1",
                        program=program)
    check(result.startswith(("failed: status ", "failed: program ")), result)
    check(re.search(r"^fault: (\d+) questions, \1 failed", out, re.M),
          "not all failed")


@case("do the reports name every case, and read as HTML and XML?", timeout=120)
def reports():
    env = {**os.environ, "MAYFLY_TOP": TOP, "MAYFLY_BUILD": BUILD}
    os.makedirs("build/debug")
    subprocess.run(["kyua", "test", "-k", TOP + "/tests/Kyuafile",
                    "--build-root", BUILD + "/tests", "-r",
                    "build/debug/results-vkernel.db", "kern/k_pipe"],
                   env=env, check=True, stdout=subprocess.DEVNULL)
    os.makedirs("ci")
    for f in ("report", "lib.sh"):
        os.symlink(f"{TOP}/ci/{f}", f"ci/{f}")
    status, out, err = run([os.path.abspath("ci/report"), "--output", "pages"],
                           env=env)
    equal((status, err), (0, ""), "status, errors")
    equal(out.split(), ["pages/vkernel/index.html", "pages/vkernel.xml"], "files")
    cases = xml.etree.ElementTree.parse("pages/vkernel.xml").findall("testcase")
    with open(BUILD + "/tests/kern/k_pipe.cases", encoding="utf-8") as f:
        equal(len(cases), len(f.readlines()), "cases")
    with open("pages/vkernel/index.html", encoding="utf-8") as f:
        check("k_pipe" in f.read(), "no case on the page")


main()
