#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every command the README shows does what it says: exit status 0.

The lines of the fenced ```sh blocks of README.md, joined where they end in a
backslash, with a leading "$ " taken off, run one by one in a copy of the
tracked files (as they are in the work tree), like a reader would after a
clone.  `ci/test` is not run from within itself.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import TOP, case, check, main, run, skip

SKIPPED = re.compile(r"^(git clone|cd )|(^|[/ ])ci/test\b")


def blocks(text):
    """The lines of the blocks marked sh, outside of other blocks."""
    inside, ours = False, False
    for line in text.split("\n"):
        if not inside and line.startswith("```"):
            inside, ours = True, line[3:].strip() == "sh"
        elif line.rstrip() == "```":
            inside = ours = False
        elif ours:
            yield line


def commands(text):
    joined = re.sub(r"\\\n\s*", "", "\n".join(blocks(text)))
    for line in joined.split("\n"):
        line = re.sub(r"^\s*(\$ )?", "", line).strip()
        if line and not line.startswith("#"):
            yield line


def readme_commands():
    path = TOP + "/README.md"
    if not os.path.exists(path):
        skip("there is no README.md")
    with open(path, encoding="utf-8") as f:
        found = list(commands(f.read()))
    if not found:
        skip("README.md shows no command")
    return found


def clean_copy(to):
    """The tracked files; the same compiler results are made anew there."""
    os.mkdir(to)
    files = subprocess.check_output(["git", "-C", TOP, "ls-files", "-z"])
    there = [f for f in files.split(b"\0")
             if f and os.path.lexists(os.path.join(os.fsencode(TOP), f))]
    tar = subprocess.Popen(["tar", "-C", TOP, "--null", "-T", "-", "-cf", "-"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    untar = subprocess.Popen(["tar", "-C", to, "-xf", "-"], stdin=tar.stdout)
    tar.stdin.write(b"\0".join(there))
    tar.stdin.close()
    check(tar.wait() == 0 and untar.wait() == 0, "copying the tree failed")


@case("is what the README shows found in it: blocks, prompts, joined lines?")
def reads_commands():
    text = ("a\n```sh\n$ one \\\n    two\n# no\n\nthree | four\n```\n"
            "```c\nint x;\n```\n```\n```sh\n```\n```sh\nfive\n```\n")
    check(list(commands(text)) == ["one two", "three | four", "five"],
          f"found {list(commands(text))}")


@case("does every command the README shows end with status 0 in a clean copy "
      "of the tree?", timeout=1800)
def commands_work():
    todo = [c for c in readme_commands() if not SKIPPED.search(c)]
    if not todo:
        skip("README.md shows no command but ci/test")
    clean_copy("tree")
    for c in todo:
        # A command that opens a shell gets the end of input.
        status, _, _ = run(["bash", "-c", c], seconds=900, cwd="tree")
        check(status == 0, f"status {status}: {c}")
    print(f"{len(todo)} commands")


main()
