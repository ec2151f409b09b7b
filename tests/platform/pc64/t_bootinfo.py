#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the boot loader left, decoded from images made by hand."""
import os
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from images import Memory, checker, equal_lines, has_lines, lines
from atf import case, check, equal, main

MB1, MB2, PVH = 0x2BADB002, 0x36D76289, 0x336EC578
INFO, TEXT, NAME, MODULES, MAP = 0x9000, 0xA000, 0xC000, 0xD000, 0x40000
RAM, RESERVED, ACPI, NVS, BAD = 1, 2, 3, 4, 5
ALL_ONES = 0xFFFFFFFFFFFFFFFF

# As SeaBIOS tells it for 128 MiB.
PC = [(0, 0x9FC00, RAM), (0x9FC00, 0x400, RESERVED), (0xF0000, 0x10000, RESERVED),
      (0x100000, 0x7EE0000, RAM), (0x7FE0000, 0x20000, ACPI),
      (0xFFFC0000, 0x40000, RESERVED)]
PC_RANGES = """range 0 0x9f000 ram
    range 0x9f000 0xa0000 reserved
    range 0xf0000 0x100000 reserved
    range 0x100000 0x7fe0000 ram
    range 0x7fe0000 0x8000000 acpi
    range 0xfffc0000 0x100000000 reserved"""


def mb1(entries=PC, modules=((0x200000, 0x300000, NAME),), flags=0x4D,
        cmdline=b"kernel -v root=x\0", lower=639, upper=130000, **over):
    m = Memory()
    e = b"".join(struct.pack("<IQQI", 20, *x) for x in entries)
    f = dict(n_modules=len(modules), at_modules=MODULES, map_length=len(e),
             at_map=MAP, at_text=TEXT)
    f.update(over)
    m.put(INFO, struct.pack("<13I", flags, lower, upper, 0, f["at_text"],
                            f["n_modules"], f["at_modules"], 0, 0, 0, 0,
                            f["map_length"], f["at_map"]))
    m.put(TEXT, cmdline)
    m.put(NAME, b"init.cpio word\0")
    m.put(MODULES, b"".join(struct.pack("<4I", *x, 0) for x in modules))
    m.put(MAP, e)
    return m


def pvh(entries=PC, modules=((0x200000, 0x100000, NAME),), version=1,
        cmdline=b"-v root=x\0", rsdp=0xF5AD0, **over):
    m = Memory()
    f = dict(n_modules=len(modules), at_modules=MODULES, n_entries=len(entries),
             at_map=MAP, at_text=TEXT, magic=PVH)
    f.update(over)
    info = struct.pack("<IIIIQQQ", f["magic"], version, 0, f["n_modules"],
                       f["at_modules"], f["at_text"], rsdp)
    if version >= 1:
        info += struct.pack("<QII", f["at_map"], f["n_entries"], 0)
    m.put(INFO, info)
    m.put(TEXT, cmdline)
    m.put(NAME, b"init.cpio word\0")
    m.put(MODULES, b"".join(struct.pack("<4Q", *x, 0) for x in modules))
    m.put(MAP, b"".join(struct.pack("<QQII", *x, 0) for x in entries))
    return m


def tag(kind, data=b"", size=None):
    t = struct.pack("<II", kind, 8 + len(data) if size is None else size) + data
    return t + bytes(-len(t) % 8)


def tag_map(entries=PC, size=24):
    e = b"".join(struct.pack("<QQII", *x, 0) + bytes(size - 24) for x in entries)
    return tag(6, struct.pack("<II", size, 0) + e)


def tag_efi(entries, size=48):
    e = b"".join(struct.pack("<IIQQQQ", kind, 0, base, 0, pages, 0) +
                 bytes(size - 40) for kind, base, pages in entries)
    return tag(17, struct.pack("<II", size, 1) + e)


def tag_module(start, end, text=b"init.cpio word\0"):
    return tag(3, struct.pack("<II", start, end) + text)


def mb2(*tags, total=None, end=True):
    body = b"".join(tags) + (tag(0) if end else b"")
    m = Memory()
    m.put(INFO, struct.pack("<II", len(body) + 8 if total is None else total, 0)
          + body)
    return m


def decode(memory, magic, info=INFO, seconds=60):
    return checker("check_firmware", "boot", memory.write(), magic, info,
                   seconds=seconds)


def damage(memory, magic, least):
    out = checker("check_firmware", "damage", "boot", memory.write(), magic, INFO,
                  seconds=250)
    n = int(lines(out, "damaged")[0].split()[1])
    check(n >= least, f"only {n} damaged versions tried")


def full_mb2():
    return mb2(tag(1, b"-v root=x\0"), tag_module(0x200000, 0x300000),
               tag(4, struct.pack("<II", 639, 130000)), tag_map(),
               tag_efi([(7, 0x100000, 16)]), tag(14, b"RSD PTR " + bytes(12)),
               tag(15, b"RSD PTR " + bytes(28)))


@case("multiboot 1: is all of it decoded?")
def mb1_all():
    equal_lines(decode(mb1(), MB1), f"""error 0
        protocol multiboot
        {PC_RANGES}
        module 0x200000 0x300000 init.cpio
        cmdline kernel -v root=x
        rsdp 0 copy 0""")


@case("multiboot 2: is all of it decoded?")
def mb2_all():
    equal_lines(decode(full_mb2(), MB2), f"""error 0
        protocol multiboot2
        {PC_RANGES}
        module 0x200000 0x300000 init.cpio
        cmdline -v root=x
        rsdp 0 copy 36""")


@case("PVH version 1: is all of it decoded?")
def pvh_all():
    equal_lines(decode(pvh(), PVH), f"""error 0
        protocol pvh
        {PC_RANGES}
        module 0x200000 0x300000 init.cpio
        cmdline -v root=x
        rsdp 0xf5ad0 copy 0""")


@case("is PVH known by its first word when EAX says multiboot, as qboot does?")
def pvh_from_qboot():
    has_lines(decode(pvh(), MB1), "error 0", "protocol pvh")


@case("PVH version 0: does it fail and say why?")
def pvh_version_0():
    out = decode(pvh(version=0), PVH)
    has_lines(out, "error 22", "warning version 0 has no memory map")


@case("an unknown magic: does it fail and say so?")
def unknown_magic():
    has_lines(decode(mb1(), 0x12345678), "error 22",
              "warning unknown boot protocol")


@case("information that cannot be read: does each protocol fail clearly?")
def no_information():
    for magic in (MB1, MB2, PVH):
        for info in (0x1000, ALL_ONES, ALL_ONES - 3):
            out = decode(mb1(), magic, info)
            has_lines(out, "error 22")
            check("cannot be read" in lines(out, "warning")[0], "why?")


@case("multiboot 1 without a map: do the two sizes stand in?")
def mb1_sizes():
    out = decode(mb1(flags=1), MB1)
    equal(lines(out, "range"), ["range 0 0x9f000 ram",
                                "range 0x100000 0x7ff4000 ram"], "ranges")
    has_lines(out, "error 0", "warning no memory map, only sizes")


@case("multiboot 1 with neither map nor sizes: does it fail?")
def mb1_nothing():
    has_lines(decode(mb1(flags=0), MB1), "error 22",
              "warning the loader told of no usable memory")


@case("a map whose first entry is damaged: do the sizes stand in?")
def mb1_map_unreadable():
    out = decode(mb1(at_map=0x1000), MB1)
    has_lines(out, "range 0x100000 0x7ff4000 ram", "error 0")


@case("multiboot 1 entries longer than 24 bytes, and too short: are they walked?")
def mb1_entry_sizes():
    m = mb1()
    m.put(MAP, struct.pack("<IQQI", 28, 0x100000, 0x100000, 1) + bytes(8) +
          struct.pack("<IQQI", 20, 0x400000, 0x100000, 1) +
          struct.pack("<IQQI", 19, 0x800000, 0x100000, 1))
    m.segments[INFO] = m.segments[INFO][:44] + struct.pack("<II", 80, MAP)
    out = decode(m, MB1)
    equal(lines(out, "range"), ["range 0x100000 0x200000 ram",
                                "range 0x400000 0x500000 ram"], "ranges")
    has_lines(out, "warning memory map damaged after 2 entries, rest ignored")


@case("counts and lengths of all ones: does decoding end?")
def all_ones_counts():
    huge = bytes(1 << 20)  # entries that can all be read
    m = mb1(n_modules=0xFFFFFFFF, map_length=0xFFFFFFFF)
    m.put(MAP, m.segments[MAP] + struct.pack("<IQQI", 20, 0, 0, 1) * 100000)
    has_lines(decode(m, MB1), "error 0")
    m = pvh(n_modules=0xFFFFFFFF, n_entries=0xFFFFFFFF)
    m.put(MAP, m.segments[MAP] + huge)
    has_lines(decode(m, PVH), "error 0",
              "warning memory map damaged after 1024 entries, rest ignored")
    m = mb2(tag_map(), *[tag(99)] * 100000, total=0xFFFFFFFF)
    has_lines(decode(m, MB2), "error 0",
              "warning damaged after 1024 tags, rest ignored")
    has_lines(decode(mb2(tag_map([(0x100000, 0x100000, RAM)] * 3000)), MB2),
              "error 0",
              "warning memory map has 3000 entries, the first 1024 are used")


@case("an entry that points at itself or past the end: does the walk end?")
def entry_sizes_absurd():
    for size in (0, 0xFFFFFFFC, 0xFFFFFFFF):
        m = mb1()
        m.segments[MAP] = (m.segments[MAP][:24 * 4] + struct.pack("<I", size) +
                           m.segments[MAP][24 * 4 + 4:])
        has_lines(decode(m, MB1), "error 0", "range 0x100000 0x7fe0000 ram")
    for size in (0, 7, 0xFFFFFFF9, 0xFFFFFFFF):
        m = mb2(tag_map(), tag(1, b"x", size=size))
        has_lines(decode(m, MB2), "error 0", "range 0x100000 0x7fe0000 ram",
                  "warning damaged after 1 tags, rest ignored")


@case("structures that point at the information itself: is it survived?")
def self_pointing():
    out = decode(mb1(at_text=INFO, at_modules=INFO, at_map=INFO), MB1)
    check(lines(out, "error"), "no answer")
    decode(pvh(at_text=INFO, at_modules=INFO, at_map=INFO), PVH)


@case("pointers at the end of the address space: do sums that wrap fail?")
def wrapping_pointers():
    for p in (ALL_ONES, ALL_ONES - 23, ALL_ONES - 31):
        out = decode(pvh(at_map=p), PVH)
        has_lines(out, "error 22")
        out = decode(pvh(at_modules=p, at_text=p), PVH)
        has_lines(out, "error 0", "warning module 0 cannot be read",
                  "warning command line cannot be read")


@case("multiboot 2 without map tag: does the EFI map count, then the sizes?")
def mb2_efi():
    efi = tag_efi([(7, 0, 0x80), (2, 0x80000, 0x20), (3, 0x100000, 0x100),
                   (4, 0x200000, 0x100), (7, 0x300000, 0x100), (9, 0x400000, 16),
                   (10, 0x410000, 16), (6, 0x420000, 16), (0, 0x430000, 16),
                   (8, 0x440000, 16), (11, 0xFE000000, 16)])
    out = decode(mb2(efi, tag(4, struct.pack("<II", 1, 1))), MB2)
    equal(lines(out, "range", "warning"), [
        "range 0 0xa0000 ram", "range 0x100000 0x400000 ram",
        "range 0x400000 0x410000 acpi", "range 0x410000 0x420000 nvs",
        "range 0x420000 0x440000 reserved", "range 0x440000 0x450000 bad",
        "range 0xfe000000 0xfe010000 reserved"], "ranges")
    out = decode(mb2(tag(4, struct.pack("<II", 639, 1024))), MB2)
    has_lines(out, "range 0 0x9f000 ram", "range 0x100000 0x200000 ram")


@case("EFI descriptors that are short, long or of 2^64 pages: are they bounded?")
def mb2_efi_damaged():
    for size in (0, 1, 39):
        t = tag(17, struct.pack("<II", size, 1) + bytes(400))
        has_lines(decode(mb2(t), MB2), "error 22",
                  "warning EFI memory map damaged, ignored")
    out = decode(mb2(tag_efi([(7, 0x100000, ALL_ONES), (7, 0x1000000, (1 << 52) + 16), (7, 0x100000, 16)])), MB2)
    equal(lines(out, "range"), ["range 0x100000 0x110000 ram"], "ranges")


@case("multiboot 2 entries of 40 bytes: is the told size walked?")
def mb2_entry_size():
    out = decode(mb2(tag_map(size=40)), MB2)
    has_lines(out, "error 0", "range 0x100000 0x7fe0000 ram",
              "range 0xfffc0000 0x100000000 reserved")


@case("no end tag, or a total that cuts it: is what came before kept?")
def mb2_no_end():
    for m in (mb2(tag_map(), end=False), mb2(tag_map(), total=8 + 16 + 24 * 6)):
        has_lines(decode(m, MB2), "error 0", "range 0x100000 0x7fe0000 ram",
                  "warning damaged after 1 tags, rest ignored")


@case("only the ACPI 1.0 copy, or one cut short: which copy is taken?")
def mb2_rsdp_copies():
    v1 = tag(14, b"RSD PTR " + bytes(12))
    has_lines(decode(mb2(tag_map(), v1), MB2), "rsdp 0 copy 20")
    short = tag(15, b"RSD PTR " + bytes(27))
    has_lines(decode(mb2(tag_map(), v1, short), MB2), "rsdp 0 copy 20",
              "warning copy of the ACPI RSDP damaged, ignored")


@case("boot services that still run: is it said?")
def mb2_boot_services():
    has_lines(decode(mb2(tag_map(), tag(18)), MB2),
              "warning EFI boot services still run: not supported")


@case("ranges that overlap: does the more restrictive kind win?")
def overlapping_ranges():
    out = decode(pvh([(0x100000, 0x700000, RAM), (0x200000, 0x100000, ACPI),
                      (0x280000, 0x100000, NVS), (0x300000, 0x100000, RESERVED),
                      (0x380000, 0x100000, BAD), (0x100000, 0x700000, RAM)],
                     modules=()), PVH)
    equal(lines(out, "range"), [
        "range 0x100000 0x200000 ram", "range 0x200000 0x280000 acpi",
        "range 0x280000 0x300000 nvs", "range 0x300000 0x380000 reserved",
        "range 0x380000 0x480000 bad", "range 0x480000 0x800000 ram"], "ranges")


@case("ranges that are empty, unsorted, unaligned or of unknown kind?")
def odd_ranges():
    out = decode(pvh([(0x500000, 0x100000, 77), (0x300000, 0, RESERVED),
                      (0x100001, 0x2FFFFE, RAM), (0x600FFF, 2, NVS),
                      (0x700001, 0xFFE, RAM)], modules=()), PVH)
    equal(lines(out, "range", "warning"), [
        "range 0x101000 0x3ff000 ram", "range 0x500000 0x600000 reserved",
        "range 0x600000 0x602000 nvs"], "ranges")


@case("RAM told in two pieces that meet inside a page: is the page kept?")
def split_page():
    out = decode(pvh([(0x100000, 0x800, RAM), (0x100800, 0xFF800, RAM)],
                     modules=()), PVH)
    equal(lines(out, "range"), ["range 0x100000 0x200000 ram"], "ranges")


@case("ranges that wrap or lie past 2^52: is RAM left out, the rest cut?")
def impossible_ranges():
    out = decode(pvh([(0x100000, 0x100000, RAM), (0x200000, ALL_ONES, RAM),
                      (1 << 52, 0x1000, RAM), (ALL_ONES, 1, RESERVED),
                      (0x300000, ALL_ONES, RESERVED)], modules=()), PVH)
    equal(lines(out, "range"), ["range 0x100000 0x200000 ram",
                                "range 0x300000 0x10000000000000 reserved"],
          "ranges")
    equal(len(lines(out, "warning")), 3, "warnings")


@case("more ranges than fit: is RAM lost and never a reservation?")
def too_many_ranges():
    ram = [(0x1000000 + 0x10000 * i, 0x8000, RAM) for i in range(200)]
    holes = [(0x1000000 + 0x10000 * i, 0x1000, RESERVED) for i in range(200)]
    out = decode(pvh(ram + holes, modules=()), PVH)
    check("some RAM lost" in out, "no warning")
    for line in lines(out, "range"):
        _, start, end, kind = line.split()
        for at, size, _ in holes:
            check(kind != "ram" or int(end, 16) <= at or
                  int(start, 16) >= at + size, f"{line} covers {at:#x}")
    # Told the other way round, all reservations come first and stay.
    out = decode(pvh(holes[:100] + ram, modules=()), PVH)
    equal(len([x for x in lines(out, "range") if x.endswith("reserved")]), 100,
          "reservations")


@case("20000 maps by chance: does each page get the kind that a model gives?")
def ranges_by_chance():
    checker("check_firmware", "ranges", 20261122, 20000)


@case("modules that are empty, reversed, outside RAM, half outside, doubled?")
def odd_modules():
    out = decode(pvh(modules=[(0x200000, 0, 0), (0x200000, ALL_ONES, 0),
                              (0x40000000, 16, 0), (0x7FDF000, 0x1001, 0),
                              (0xFF000, 0x2000, 0), (ALL_ONES - 8, 8, 0),
                              (0x200000, 0x1001, 0x1000), (0x201000, 1, NAME),
                              (0x201001, 5, NAME)]), PVH)
    equal(lines(out, "module"), ["module 0x200000 0x201001 ",
                                 "module 0x201001 0x201006 init.cpio"], "modules")
    equal(len(lines(out, "warning")), 7, "warnings")


@case("more modules than fit: are the first ones kept?")
def too_many_modules():
    many = [(0x200000 + 0x1000 * i, 0x10, 0) for i in range(20)]
    out = decode(pvh(modules=many), PVH)
    equal(len(lines(out, "module")), 16, "modules")
    has_lines(out, "warning 20 modules, only the first 16 are used")
    out = decode(mb1(modules=[(a, a + n, 0) for a, n, _ in many]), MB1)
    equal(len(lines(out, "module")), 16, "modules")
    out = decode(mb2(tag_map(), *[tag_module(a, a + n) for a, n, _ in many]), MB2)
    equal(len(lines(out, "module")), 16, "modules")


@case("a module's name of 100 letters, or without an end: is it cut?")
def long_names():
    m = mb1()
    m.put(NAME, b"n" * 100 + b"\0")
    has_lines(decode(m, MB1), "module 0x200000 0x300000 " + "n" * 63)
    m.put(NAME, b"n" * 10)
    has_lines(decode(m, MB1), "module 0x200000 0x300000 ")
    t = tag_module(0x200000, 0x300000, b"n" * 16)
    has_lines(decode(mb2(tag_map(), t), MB2),
              "module 0x200000 0x300000 " + "n" * 16)


@case("a command line that is long, endless, or has control characters?")
def odd_command_lines():
    for n, cut in ((4095, False), (4096, True), (60000, True)):
        m = pvh(at_text=0x20000)
        m.put(0x20000, b"c" * n + b"\0")
        out = decode(m, PVH)
        has_lines(out, "cmdline " + "c" * min(n, 4095))
        equal("cut after 4095" in out, cut, "the warning")
    m = pvh(at_text=0x20000)
    m.put(0x20000, b"never ends")
    has_lines(decode(m, PVH), "cmdline ", "warning command line cannot be read")
    m.put(0x20000, b"a\x1b[2J b\x7f\xc3\xa4\0")
    has_lines(decode(m, PVH), "cmdline a [2J b \u00e4")
    has_lines(decode(mb2(tag_map(), tag(1, b"a" * 12)), MB2),
              "cmdline " + "a" * 12)
    has_lines(decode(mb2(tag_map(), tag(1)), MB2), "cmdline ")


@case("multiboot 1: are the promises kept for every damaged version?", 300)
def mb1_damage():
    damage(mb1(), MB1, 1000)


@case("multiboot 2: are the promises kept for every damaged version?", 300)
def mb2_damage():
    damage(full_mb2(), MB2, 3000)
    damage(mb2(tag_efi([(7, 0x100000, 256), (9, 0x200000, 16)])), MB2, 500)


@case("PVH: are the promises kept for every damaged version?", 300)
def pvh_damage():
    damage(pvh(), PVH, 1000)


main()
