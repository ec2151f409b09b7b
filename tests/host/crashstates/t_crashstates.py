#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Crash states: are they all made and no others, are broken stores found, and is
QEMU's own log of a disk read?"""
import itertools
import os
import random
import re
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../../harness")
from atf import BUILD, case, check, equal, main, one_line, run

TOOL = BUILD + "/crashstates"
TOY = BUILD + "/tests/host/crashstates/toy"
MAGIC, FLUSH, FUA, DISCARD, MARK = 0x6a736677736872, 1, 2, 4, 8
SECTOR = 512


def entry(sector, n, flags=0, data=b""):
    head = struct.pack("<QQQQ", sector, n, flags, len(data))
    if flags & MARK:
        return (head + data).ljust(SECTOR, b"\0")
    return head.ljust(SECTOR, b"\0") + data


def write(sector, text, flags=0):
    """A write of a sector for each letter."""
    data = b"".join(c.encode() * SECTOR for c in text)
    return entry(sector, len(text), flags, data)


def log(*entries, count=None):
    head = struct.pack("<QQQI", MAGIC, 1, len(entries) if count is None else count,
                       SECTOR)
    with open("log", "wb") as f:
        f.write(head.ljust(SECTOR, b"\0") + b"".join(entries))


def images(*options):
    """The set of disks, a letter for each sector, and the states' texts."""
    if os.path.exists("disks"):
        os.remove("disks")
    status, out, _ = run([TOOL, "--log", "log", *options, "--", TOY, "show",
                          "{}", "disks"])
    equal(status, 0, "status")
    with open("disks", encoding="ascii") as f:
        disks = f.read().split()
    equal(len(disks), int(re.search(r"(\d+) states", out)[1]), "states")
    return disks


@case("are the states of a few writes those that a disk may have?")
def few():
    log(write(0, "a"), write(1, "b"), write(2, "c"))
    want = {"".join(p) for p in itertools.product("a.", "b.", "c.")}
    equal(set(images()), want, "of three writes")
    equal(len(images()), 8, "each once")
    log(write(0, "a"), entry(0, 0, FLUSH), write(1, "b"), write(2, "c"))
    equal(set(images()), {"...", "a..", "ab.", "a.c", "abc"}, "with a flush")
    log(write(0, "a"), write(1, "b", FUA), write(2, "c"))
    equal(set(images()), {"...", "a..", ".b.", "ab.", "abc", ".bc"}, "with FUA")
    log(write(0, "a"), write(1, "b", FLUSH), write(2, "c"))
    equal(set(images()), {"...", "a..", "ab.", "abc", "a.c"}, "flush with a write")
    log(write(0, "ab"), entry(0, 0, FLUSH), entry(0, 1, DISCARD))
    equal(set(images()), {"..", "ab", "a.", ".b"}, "a discard")


@case("are writes torn, and may the earlier of two that overlap come last?")
def torn():
    log(write(0, "abcd"))
    equal(set(images("--kinds", "prefix")), {"....", "abcd"}, "whole")
    got = set(images())
    check({"ab..", "a...", "...d", ".bcd"} <= got, f"torn: {got}")
    equal(set(images("--atomic", "2048")), {"....", "abcd"}, "all atomic")
    check(set(images("--atomic", "1024")) <= {"....", "abcd", "ab..", "..cd"},
          "halves only")
    log(write(0, "aa"), write(1, "bb"))
    kinds = ("--kinds", "prefix,subset,reorder")
    equal(set(images(*kinds)), {"...", "aa.", ".bb", "abb", "aab"}, "reordered")


@case("are all states within what the flushes allow, whatever the writes?")
def random_logs():
    rng = random.Random(7)
    for _ in range(15):
        entries, durable, opened = [], ["."] * 8, []
        allowed = [{"."} for _ in range(8)]
        for i in range(12):
            if rng.random() < 0.2:
                entries.append(entry(0, 0, FLUSH))
                continue
            at, n = rng.randrange(8), rng.randrange(1, 4)
            text = chr(ord("a") + i) * min(n, 8 - at)
            entries.append(write(at, text))
            for j in range(len(text)):
                allowed[at + j].add(text[0])
        log(*entries, write(7, "z"))
        allowed[7].add("z")
        disks = images()
        equal(len(set(disks)) > 12, True, "many states")
        for d in disks:
            check(all(c in allowed[i] for i, c in enumerate(d)), d)


@case("is every broken store found, and the sound one right in every state?")
def stores():
    for kind in ("sound", "no_flush", "no_barrier", "no_checksum", "overwrite"):
        run([TOY, "log", kind, "12", "log"])
        status, out, err = run([TOY, "each", kind, "log"])
        equal((status, err), (0, ""), f"status, errors of {kind}")
        states, wrong = map(int, out.split())
        check(states > 60, f"{kind}: {states} states")
        check((wrong > 0) == (kind != "sound"), f"{kind}: {wrong} wrong")


@case("does the program find what the library finds, and make that state again?")
def program():
    run([TOY, "log", "no_checksum", "6", "log"])
    words = [TOOL, "-l", "log", "--", TOY, "check", "no_checksum", "{}"]
    status, out, _ = run(words)
    equal(status, 1, "status")
    equal(run(words), (status, out, ""), "the second time")
    number = re.search(r"^wrong: state (\d+): (.*)$", out, re.M)
    status, again, _ = run([TOOL, "-l", "log", "--state", number[1], "-o", "image"])
    equal((status, again), (0, f"{number[1]}: {number[2]}\n"), "the state")
    equal(run([TOY, "check", "no_checksum", "image"])[0], 1, "it is wrong")
    run([TOY, "log", "sound", "6", "log"])
    status, out, _ = run([TOOL, "-l", "log", "--", TOY, "check", "sound", "{}"])
    equal(status, 0, "status of the sound one")
    check(" 0 wrong" in out, out)


@case("is a log that QEMU wrote read, and is its last state QEMU's disk?")
def qemu():
    with open("disk", "wb") as f:
        f.truncate(1 << 20)
    with open("log", "wb") as f:
        f.truncate(0)
    words = []
    rng = random.Random(3)
    for i in range(1, 40):
        at, n = rng.randrange(0, 1000) * SECTOR, rng.randrange(1, 16) * SECTOR
        words += ["-c", f"write -P {i} {at} {n}"]
        if i % 7 == 0:
            words += ["-c", "flush"]
        if i % 11 == 0:
            words += ["-c", f"write -f -P {i + 100} 0 4096"]
    status, _, err = run(["qemu-io", "--image-opts", *words,
                          "driver=blklogwrites,file.driver=file,"
                          "file.filename=disk,log.driver=file,log.filename=log"],
                         show=False)
    equal((status, err), (0, ""), "qemu-io")
    status, out, _ = run([TOOL, "-l", "log", "--kinds", "prefix", "--list"])
    equal(status, 0, "status")
    last = re.findall(r"^(\d+): ", out, re.M)[-1]
    check(int(last) > 35, f"only {last} states")
    with open("empty", "wb") as f:
        f.truncate(1 << 20)
    run([TOOL, "-l", "log", "-i", "empty", "--kinds", "prefix", "--state", last,
         "-o", "image"])
    with open("disk", "rb") as a, open("image", "rb") as b:
        equal(a.read() == b.read(), True, "the last state is the disk")


@case("are bad logs and options told with one line, and cut logs read?")
def bad():
    log(write(0, "a"), write(1, "b"))
    with open("log", "rb") as f:
        good = f.read()
    bads = {"": "no log", "x" * 600: "no log",
            good[:8] + b"\2" + good[9:]: "version",
            good[:24] + b"\3\0\0\0" + good[28:]: "sector size",
            good[:512] + b"\xff" * 8 + good[520:]: "beyond",
            good[:520] + b"\xff" * 8 + good[528:]: "beyond"}
    for data, why in bads.items():
        with open("bad", "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        status, _, err = run([TOOL, "-l", "bad", "--list"])
        equal(status, 2, "status")
        check(why in one_line(err), err)
    rng = random.Random(1)
    for cut in range(512, len(good), 256):
        with open("bad", "wb") as f:
            f.write(good[:cut])
        status, _, err = run([TOOL, "-l", "bad", "--list"], show=False)
        check(status in (0, 2) and err.count("\n") <= 2, f"cut at {cut}")
    for _ in range(300):
        data = bytearray(good)
        for _ in range(4):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with open("bad", "wb") as f:
            f.write(data)
        status, _, err = run([TOOL, "-l", "bad", "--list", "--max", "50"],
                             show=False)
        check(status in (0, 2), f"status {status}: {err}")
    for words, why in (([], "--log is missing"), (["-l", "log"], "say what to do"),
                       (["-l", "none", "--list"], "No such file"),
                       (["-l", "log", "--kinds", "x"], "not prefix"),
                       (["-l", "log", "--atomic", "700"], "no multiple"),
                       (["-l", "log", "--state", "99", "-o", "i"], "there are only"),
                       (["-l", "log", "--state", "0"], "needs --output"),
                       (["-l", "log", "--", "/no/such"], "cannot run"),
                       (["-l", "log", "--exhaust", "40"], "not a number"),
                       (["-l", "log", "-i", "/dev", "--list"], "/dev")):
        status, _, err = run([TOOL, *words])
        equal(status, 2, f"status of {words}")
        check(why in one_line(err), f"{words}: {err}")


main()
