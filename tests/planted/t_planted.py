#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Planted bugs: does the checker of this build find each, name its kind and its
line, and say nothing when the same body makes no mistake?  The table is the
PLANTED rows of planted_*.c; planted.h explains them."""
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE + "/../harness")
from atf import BUILD, TOP, VKERNEL_TEST, case, check, fail, main, run, skip

ROOT = BUILD + "/initramfs-test.cpio"
MEMCHECK_STATUS = 99
PANIC_STATUS = 134


def built_with(option):
    with open(BUILD + "/CMakeCache.txt", encoding="utf-8") as f:
        return f"{option}:BOOL=ON" in f.read()


KASAN = built_with("MAYFLY_KASAN")


class Bug:
    def __init__(self, path, name, memcheck, kasan, question):
        self.path, self.name, self.question = path, name, question
        self.columns = (memcheck, kasan)
        self.kind = kasan if KASAN else memcheck


def strings(text, macros):
    """A C expression of strings and macros as one string."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\w+)', text)
    return "".join(s or macros.get(m, "") for s, m in words)


def table():
    """name -> Bug, and name -> line with the mark."""
    bugs, marks = {}, {}
    for path in sorted(glob.glob(HERE + "/planted_*.c")):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        macros = {n: strings(v, {}) for n, v in
                  re.findall(r'^#define\s+(\w+)\s+((?:"[^"]*"\s*)+)$', text, re.M)}
        starts = []
        for m in re.finditer(r'^PLANTED\(\s*(\w+),((?:[^")]|"[^"]*")*)\)\n\{', text,
                             re.M):
            columns = re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', m[2])
            check(len(columns) == 3, f"{path}: row of {m[1]}")
            bugs[m[1]] = Bug(path, m[1], *(strings(c, macros) for c in columns))
            starts.append((text.count("\n", 0, m.start()) + 1, m[1]))
        for at, line in enumerate(text.splitlines(), 1):
            m = re.search(r"/\* BUG(?:: (\w+))? \*/$", line)
            if not m:
                continue
            inside = [n for start, n in starts if start < at]
            name = m[1] or inside[-1]
            check(name not in marks, f"{path}:{at}: second mark of {name}")
            marks[name] = at
    return bugs, marks


BUGS, MARKS = table()


def boot(bug, planted):
    """(status, console, report)"""
    options = ["ktest=planted_" + bug.name] + (["planted"] if planted else [])
    sets = [w for o in options for w in ("--set", o)]
    if KASAN:
        status, out, err = run([VKERNEL_TEST, "-i", ROOT, "--share", ".", *sets])
        return status, out + err, ""
    with tempfile.NamedTemporaryFile("r", errors="replace") as report:
        status, out, err = run(
            [TOP + "/valgrind/run", "--built", BUILD, "--kernel", "vkernel-test",
             "--initramfs", ROOT, "--share", ".", "--report", report.name, *sets],
            seconds=100)
        text = re.sub(r"^==\d+== ?", "", report.read(), flags=re.M)
    print(text)
    return status, out + err, text


def first_error(report, kind):
    """The block of the report with the kind in its first line."""
    for block in re.split(r"\n\s*\n", report):
        lines = [l for l in block.splitlines() if not l.startswith("Thread ")]
        if lines and re.search(kind, lines[0]):
            return block
    return fail(f"no {kind!r} in the report")


def planted_lines(text):
    return [(f, int(n)) for f, n in re.findall(r"\((planted_\w+\.c):(\d+)\)", text)]


def lines_of(addresses):
    """The source lines of return addresses, innermost first."""
    calls = [hex(int(a, 16) - 1) for a in addresses]
    out = subprocess.run(["addr2line", "-i", "-e", VKERNEL_TEST, *calls],
                         capture_output=True, text=True, check=True).stdout
    return [(os.path.basename(p), int(n)) for p, n in
            re.findall(r"^(.*):(\d+)(?: .*)?$", out, re.M)]


def frames(console):
    panic = console[console.find("panic:"):]
    panic = panic.split("\ncpu 1 ")[0]
    first = re.findall(r"from (0x[0-9a-f]+)$", panic, re.M)[:1]
    walk = re.findall(r"#\d+\s+(0x[0-9a-f]+)", panic)
    return [l for l in lines_of(first + walk) if l[0].startswith("planted_")]


def at_mark(bug, lines):
    if bug.name not in MARKS:
        return
    want = (os.path.basename(bug.path), MARKS[bug.name])
    check(lines, f"no line of {want[0]} in the report")
    check(lines[0] == want, f"reported at {lines[0]}, the mistake is at {want}")


def found(bug):
    status, console, report = boot(bug, True)
    kernel = re.match("(panic|leak): ", bug.kind)
    if kernel:
        check(re.search("^" + bug.kind, console, re.M),
              f"no {bug.kind!r} on the console")
    if kernel and kernel[1] == "panic":
        check(status == PANIC_STATUS, f"status {status}")
        at_mark(bug, frames(console))
    elif kernel:
        check(re.search("^leak: page", console, re.M) is None or
              lines_of(re.findall(r"before (0x[0-9a-f]+)", console))[0][0] ==
              os.path.basename(bug.path), "the page's allocator is not named")
    elif KASAN:
        check(re.search("^panic: kasan: " + bug.kind, console, re.M),
              f"no {bug.kind!r} on the console")
        at_mark(bug, frames(console))
    else:
        if bug.kind.startswith("blocks are"):
            check(re.search("^leak:", console, re.M), "the kernel counts no leak")
        else:
            check(status == MEMCHECK_STATUS, f"status {status}")
        at_mark(bug, planted_lines(first_error(report, bug.kind)))


def silent(bug):
    status, console, report = boot(bug, False)
    check(status == 0, f"without the bug: status {status}")
    check(report.strip() == "", "without the bug: there is a report")
    check(not re.search("^(panic|leak|ktest):", console, re.M),
          "without the bug: the kernel complains")


def add(bug):
    def body():
        if bug.kind == "-":
            skip("not for this checker")
        silent(bug)
        found(bug)
    body.__name__ = bug.name
    case(bug.question)(body)


for b in BUGS.values():
    add(b)


@case("has each row a mark that can be found, and each mark a row?")
def marks():
    without = [n for n in BUGS if n not in MARKS]
    check(set(without) <= {"leak_pages", "stack_overflow", "exit_locked"},
          f"no mark: {without}")
    check(not set(MARKS) - set(BUGS), f"no row: {set(MARKS) - set(BUGS)}")
    nobody = [b.name for b in BUGS.values() if b.columns == ("-", "-")]
    check(not nobody, f"no checker is said to see {nobody}")
    print(f"{len(BUGS)} planted bugs, {sum(b.kind != '-' for b in BUGS.values())} "
          "for this checker")


main()
