# SPDX-License-Identifier: BSD-2-Clause
"""Physical memory made by hand for the checkers, and their answers."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) +
                "/../../harness")
from atf import check, equal, run  # noqa: E402

# argv[0] lies at BUILD/tests/platform/pc64/PROGRAM.
BUILD = os.path.realpath(os.environ.get("MAYFLY_BUILD") or
                         os.path.dirname(os.path.abspath(sys.argv[0])) +
                         "/../../..")
PROGRAMS = BUILD + "/tests/platform/pc64/"


class Memory:
    """Segments by address; anything else cannot be read."""

    def __init__(self):
        self.segments = {}

    def put(self, pa, data):
        self.segments[pa] = bytes(data)
        return pa

    def write(self, path="image"):
        with open(path, "wb") as f:
            for pa, data in self.segments.items():
                f.write(struct.pack("<QQ", pa, len(data)) + data)
        return path


def checker(program, *args, seconds=60):
    """What it prints; fails on any status but 0 (sanitizer, promise)."""
    status, out, err = run([PROGRAMS + program, *map(str, args)],
                           seconds=seconds)
    check(status == 0, f"{program} ends with {status}: {err[-400:]}")
    return out


def lines(out, *words):
    """The lines that begin with one of the words."""
    return [x for x in out.splitlines() if x.split(" ")[0] in words]


def has_lines(out, *want):
    for line in want:
        check(line in out.splitlines(), f"no line {line!r}")


def equal_lines(out, want):
    equal(out.splitlines(), [x.strip() for x in want.strip().splitlines()],
          "output")
