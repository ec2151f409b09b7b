# SPDX-License-Identifier: BSD-2-Clause
"""Host test programs in Python (t_*.py) that Kyua runs as ATF programs.

    from atf import case, check, equal, skip, main

    @case("does --help end well?")
    def help_exits_0():
        ...

    main()

A case is named by its function, described by its question, and passes if it
returns.  Everything it prints is kept by Kyua.  It runs in a directory of its
own, removed afterwards.  BUILD and TOP are the build and source trees, MACHINE
is what it is run for (vkernel, pc64); a case that makes sense on one machine
only says so: @case("...", machine="vkernel").
"""
import os
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.realpath(os.environ.get("MAYFLY_TOP", HERE + "/../.."))
# argv[0] lies at BUILD/tests/FOLDER/PROGRAM, a link to the source.
BUILD = os.path.realpath(os.environ.get("MAYFLY_BUILD") or
                         os.path.dirname(os.path.abspath(sys.argv[0])) + "/../..")
MACHINE = os.environ.get("MAYFLY_MACHINE", "vkernel")
TIER = os.environ.get("MAYFLY_TIER", "microvm")
VKERNEL = BUILD + "/vkernel"
PC64 = BUILD + "/pc64"
VKERNEL_TEST = BUILD + "/vkernel-test"
ROOT = BUILD + "/initramfs.cpio"

cases = {}


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def case(question, timeout=120, machine=MACHINE):
    def add(func):
        if machine == MACHINE:
            cases[func.__name__] = (func, question, timeout)
        return func
    return add


def fail(why):
    raise Failed(why)


def skip(why):
    raise Skipped(why)


def check(cond, why):
    if not cond:
        raise Failed(why)


def equal(got, want, what):
    check(got == want, f"{what} is {got!r}, not {want!r}")


def wait_for(what, cond, seconds=10.0, step=0.01):
    """The first true value of cond(); fails after the time."""
    end = time.monotonic() + seconds
    while True:
        value = cond()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(step)


started = []


def start(argv, **kw):
    """A process that is killed when the case ends, however it ends."""
    kw.setdefault("stdin", subprocess.DEVNULL)
    p = subprocess.Popen(argv, text=True, **kw)
    started.append(p)
    return p


def run(argv, seconds=60, show=True, **kw):
    """(status, stdout, stderr) as text; 128+n for a signal; fails on a hang."""
    kw.setdefault("stdin", subprocess.DEVNULL)
    if "input" in kw:
        del kw["stdin"]
    try:
        r = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=seconds, text=True, errors="replace", **kw)
    except subprocess.TimeoutExpired as e:
        print("before the hang:", e.stdout, e.stderr)
        raise Failed(f"hang: {' '.join(argv)}") from None
    if show:
        print(f"$ {' '.join(argv)}\n{r.stdout}{r.stderr}[status {r.returncode}]")
    return (r.returncode if r.returncode >= 0 else 128 - r.returncode,
            r.stdout, r.stderr)


def vkernel(*args, **kw):
    """Run the vkernel with the plain root."""
    return run([VKERNEL, "-i", ROOT, *args], **kw)


def machine(*args, root=ROOT):
    """The command that boots MACHINE, where console and status are ours."""
    if MACHINE == "vkernel":
        return [VKERNEL, "-i", root, *args]
    return [PC64, "--tier", TIER, "-i", root, *args]


def boot(*args, **kw):
    """Run MACHINE with the plain root."""
    return run(machine(*args), **kw)


def one_line(text):
    """text without its newline if it is one line that is not empty."""
    check(text.count("\n") == 1 and text.endswith("\n") and text.strip(),
          f"not one clear line: {text!r}")
    return text[:-1]


def result_of(func):
    try:
        try:
            func()
        finally:
            for p in started:
                if p.poll() is None:
                    p.kill()
                    p.wait()
    except Skipped as e:
        return f"skipped: {e}", 0
    except Failed as e:
        traceback.print_exc()
        return f"failed: {e}", 1
    except Exception as e:  # a fault of the test
        traceback.print_exc()
        return f"failed: {type(e).__name__}: {e}", 1
    return "passed", 0


def main():
    args, result = sys.argv[1:], None
    while args and args[0].startswith("-"):
        flag = args.pop(0)
        if flag == "-l":
            print('Content-Type: application/X-atf-tp; version="1"')
            for name, (_, question, timeout) in cases.items():
                print(f"\nident: {name}\ndescr: {question}\ntimeout: {timeout}")
            sys.exit(0)
        elif flag.startswith("-r"):
            result = flag[2:] or args.pop(0)
        elif flag in ("-s", "-v"):
            args.pop(0)
    name = args[0].partition(":")[0] if args else ""
    if ":cleanup" in "".join(args):
        sys.exit(0)
    if name not in cases:
        sys.exit(f"no test case {name!r}; try -l")
    words, status = result_of(cases[name][0])
    words = " ".join(words.split())[:800]
    sys.stdout.flush()
    if result:
        with open(result, "w", encoding="utf-8") as f:
            f.write(words + "\n")
    else:
        print(words)
    sys.exit(status)
