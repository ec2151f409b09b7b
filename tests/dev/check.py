# SPDX-License-Identifier: BSD-2-Clause
"""Cases of a check program (check.h) as cases of a t program."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import case, check, main, run

SEEDS = 5


def add_case(program, name, question):
    def func():
        for seed in range(1, SEEDS + 1):
            status, out, err = run([program, name, str(seed)], show=False)
            check(status == 0, f"seed {seed}: {out}{err[:2000]}")
    func.__name__ = name
    case(question)(func)


def check_program(name):
    """Every case of the program NAME, built beside us, is one of ours."""
    program = os.path.dirname(os.path.abspath(sys.argv[0])) + "/" + name
    _, out, _ = run([program, "-l"], show=False)
    for line in out.splitlines():
        name, _, question = line.partition(" ")
        add_case(program, name, question)
    main()
