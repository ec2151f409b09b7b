#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Planted races: is a seed found for each within BUDGET runs, does it show the
race again, and is no seed wrong about the same threads with their lock?"""
import concurrent.futures
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE + "/../harness")
from atf import BUILD, VKERNEL_TEST, case, check, equal, fail, main, run

ROOT = BUILD + "/initramfs-test.cpio"
BUDGET = 200  # seeds; the work of a few seconds
SOUND = 40
PARALLEL = 2

with open(HERE + "/planted_race.c", encoding="utf-8") as source:
    RACES = re.findall(r'^RACE\((\w+),\s*"([^"]+)"\)', source.read(), re.M)


def boot(name, seed, planted):
    options = [f"ktest=race_{name}"] + (["planted"] if planted else [])
    return run([VKERNEL_TEST, "-i", ROOT, "-m", "64M", "-D", str(seed),
                *(w for o in options for w in ("--set", o))], show=False)


def find(name):
    """(the first seed that shows the race, its run)"""
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        for start in range(1, BUDGET + 1, PARALLEL):
            seeds = range(start, start + PARALLEL)
            for seed, out in zip(seeds, pool.map(
                    lambda s: boot(name, s, True), seeds)):
                if out[0] != 0:
                    return seed, out
    return fail(f"not found with {BUDGET} seeds")


def add(name, question):
    def body():
        seed, out = find(name)
        print(f"{name}: seed {seed}: {out[1]}")
        check(re.search("^(ktest|panic): ", out[1], re.M), "no reason is told")
        for _ in range(3):
            equal(boot(name, seed, True), out, "the seed's run again")
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
            for seed, out in enumerate(pool.map(
                    lambda s: boot(name, s, False), range(1, SOUND + 1)), 1):
                equal(out, (0, "", ""), f"seed {seed} without the race")
    body.__name__ = name
    case(question, timeout=300)(body)


for race in RACES:
    add(*race)
main()
