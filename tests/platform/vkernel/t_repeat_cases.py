#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Test cases of the guest, each twice with one seed (vkernel -D): booted, and from a
template.  The hash of all trace events must be the same."""
import concurrent.futures
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../../harness")
from atf import BUILD, VKERNEL_TEST, case, check, fail, main, run
from template import Template

SEED = "1"
PROGRAMS = ("h_ahead", "h_cpu", "h_event", "h_exec", "h_file", "h_fpu", "h_frame",
            "h_ipc", "h_kshm", "h_mm", "h_mode", "h_pipe", "h_proc", "h_procfs",
            "h_rewrite", "h_thread", "h_tty", "h_vdso", "n_kqueue", "n_native")

# With one CPU and virtual time a program that computes does it for ever: nobody else
# runs, no timer comes.  The host's clock stops it at last, which no second run does
# at the same instruction (docs/decisions/0010).
FOR_ANOTHER = "computes until another one of its threads does something"
FOR_A_TIMER = "computes until timers have come"
FOR_EVER = "runs code that may loop for ever"
LONG = "takes seconds of the host's time"
NOT = {
    ("h_ahead", "fork_moment"): FOR_ANOTHER,
    ("h_cpu", "random_code"): FOR_EVER,
    ("h_frame", "registers"): FOR_A_TIMER,
    ("h_mm", "many_maps"): LONG,
    ("h_mm", "memory_bomb"): LONG,
    ("h_mode", "compat_signals"): FOR_A_TIMER,
    ("h_proc", "cpu_time"): LONG,
    ("h_procfs", "proc_walk"): LONG,
    ("h_rewrite", "threads"): FOR_ANOTHER,
    ("h_thread", "thread_exec"): FOR_ANOTHER,
    ("h_thread", "thread_exit_group"): FOR_ANOTHER,
    ("h_thread", "thread_fork"): FOR_ANOTHER,
}


def cases():
    for program in PROGRAMS:
        with open(f"{BUILD}/tests/guest/{program}.cases", encoding="utf-8") as f:
            rows = [line.split("|", 3) for line in f]
        for row in rows:
            if row[2] == "pass" and (program, row[1]) not in NOT:
                yield program, row[1]


def words(program, name):
    return ["-i", f"{BUILD}/guest/{program}.cpio", "--", f"/tests/{program}", name]


def end_of(status, text):
    """What two runs must have in common."""
    found = re.search(r"ktr: hash [0-9a-f]+ of (\d+) events", text)
    if found is None or int(found[1]) < 100:
        return None
    return status, found[0], "not repeatable" in text


def one(template, options, which):
    """What is wrong, or None."""
    status, text, _ = run([VKERNEL_TEST, *options, *words(*which)], show=False)
    booted = end_of(status, text)
    made = end_of(*template.ask(*words(*which)).end())
    if booted is None or booted[2]:
        return f"{which}: no repeatable run: {text[-300:]!r}"
    if booted != made:
        return f"{which}: {booted} when booted, {made} from the template"
    return None


@case("do cases of the guest repeat with a seed, to the event?", timeout=600)
def repeat():
    options = ["-i", BUILD + "/initramfs.cpio", "-D", SEED, "-k", "ktr.hash=1"]
    template = Template("root", *options)
    chosen = list(cases())
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        wrong = [w for w in pool.map(lambda c: one(template, options, c), chosen)
                 if w is not None]
    for line in wrong:
        print(line)
    print(f"{len(chosen)} cases, {len(wrong)} differ")
    for which, why in NOT.items():
        print(f"not run: {which}: {why}")
    check(len(chosen) >= 200, "few cases")
    if wrong:
        fail(f"{len(wrong)} of {len(chosen)} cases differ")


main()
