#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The clock and the ways to switch off, with ports played by the checker."""
import calendar
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from images import checker, equal_lines
from atf import case, equal, main

H24, BINARY = 2, 4
BAD = "error 22 seconds 0"


def decode(sec, minute, hour, day, month, year, century=0, form=H24 | BINARY):
    return checker("check_ports", "rtc-decode", sec, minute, hour, day, month, year,
                   century, form).strip()


def at(*date):
    return f"error 0 seconds {calendar.timegm(date)}"


@case("clock: is every day of 1970 to 2199 right in all four formats?")
def days():
    equal(checker("check_ports", "rtc-days"), "days 84006\n", "days")


@case("clock: are noon and midnight right in the 12-hour form?")
def twelve_hours():
    for hour, want in ((0x12, 0), (0x01, 1), (0x11, 11), (0x92, 12), (0x81, 13),
                       (0x91, 23)):
        equal(decode(0, 0, hour, 0x22, 0x11, 0x26, 0x20, 0),
              at(2026, 11, 22, want, 0, 0), f"hour {hour:#x}")
    for hour in (0x00, 0x13, 0x80, 0x93):
        equal(decode(0, 0, hour, 0x22, 0x11, 0x26, 0x20, 0), BAD, f"hour {hour:#x}")


@case("clock: is a century that is absent or nonsense guessed?")
def centuries():
    for year, century, want in ((26, 0, 2026), (70, 0, 1970), (99, 0, 1999),
                                (69, 0, 2069), (26, 77, 2026), (26, 18, 2026),
                                (26, 22, 2026), (0, 21, 2100), (26, 255, 2026)):
        equal(decode(1, 2, 3, 4, 5, year, century), at(want, 5, 4, 3, 2, 1),
              f"{century} {year}")
    equal(decode(1, 2, 3, 4, 5, 0x26, 0x1A, H24), at(2026, 5, 4, 3, 2, 1), "BCD")


@case("clock: does a date that does not exist fail?")
def no_such_date():
    for bad in ((60, 0, 0, 1, 1, 0), (0, 60, 0, 1, 1, 0), (0, 0, 24, 1, 1, 0),
                (0, 0, 0, 0, 1, 0), (0, 0, 0, 32, 1, 0), (0, 0, 0, 1, 0, 0),
                (0, 0, 0, 1, 13, 0), (0, 0, 0, 1, 1, 100), (0, 0, 0, 31, 4, 0),
                (0, 0, 0, 29, 2, 26), (255, 255, 255, 255, 255, 255)):
        equal(decode(*bad), BAD, repr(bad))
    equal(decode(0, 0, 0, 29, 2, 0, 21), BAD, "29 February 2100")
    equal(decode(0, 0, 0, 29, 2, 24), at(2024, 2, 29, 0, 0, 0), "29 February 2024")
    for bad in (0x0A, 0x1F, 0xA0, 0xFF):
        equal(decode(bad, 0, 0, 1, 1, 0, 0, H24), BAD, f"BCD {bad:#x}")


@case("clock: can a new year in the middle of reading give a mixed date?")
def torn():
    equal(checker("check_ports", "rtc-torn"), "good\n", "answer")


@case("clock: absent, never still, always other, slow: what is answered?")
def devices():
    for what, want in (("absent", "error 6 seconds -1"),
                       ("stuck", "error 5 seconds -1"),
                       ("restless", "error 5 seconds -1"),
                       ("slow", at(2026, 5, 4, 3, 2, 1))):
        equal(checker("check_ports", "rtc-device", what).strip(), want, what)


def power(*words):
    return checker("check_ports", "power", *words)


@case("off: are types written before the order, in both registers?")
def off_pm1():
    equal_lines(power("off", "s5", "pm1a", "pm1b"), """out16 0x604 0x1401
        out16 0x704 0x801
        out16 0x604 0x3401
        out16 0x704 0x2801""")
    equal_lines(power("off", "s5", "pm1a"), """out16 0x604 0x1401
        out16 0x604 0x3401""")


@case("off: is ACPI mode entered first?")
def off_legacy_mode():
    equal_lines(power("off", "s5", "pm1a", "legacy-mode"), """out8 0xb2 0xf1
        out16 0x604 0x1401
        out16 0x604 0x3401""")


@case("off on reduced hardware: is the wake bit cleared, the sleep byte right?")
def off_sleep_register():
    equal_lines(power("off", "s5", "sleep-register"), """memory 0 0x34
        memory 1 0x80""")


@case("off without \\_S5 or registers: does it return without a reset?")
def off_unknown():
    equal(power("off"), "", "writes")
    equal(power("off", "pm1a", "pm1b", "sleep-register", "reset-port"), "", "writes")
    equal(power("off", "s5", "reset-port"), "", "writes")


@case("reset: are all ways tried in order?")
def reset_all():
    last = """out8 0xcf9 0x2
        out8 0xcf9 0x6
        out8 0x64 0xfe
        triple fault"""
    equal_lines(power("reset"), last)
    equal_lines(power("reset", "reset-port"), "out8 0xcf9 0xf\n" + last)
    equal_lines(power("reset", "reset-memory"), last + "\nmemory 2 0x42")
    equal_lines(power("reset", "reset-unmapped"), last)
    equal_lines(power("reset", "keyboard-full"), last)


@case("reset without a keyboard controller: is it left alone?")
def reset_no_keyboard():
    equal_lines(power("reset", "no-keyboard"), """out8 0xcf9 0x2
        out8 0xcf9 0x6
        triple fault""")


main()
