#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""ACPI's tables, decoded from images made by hand."""
import os
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from images import Memory, checker, equal_lines, has_lines, lines
from atf import case, check, equal, main

ALL_ONES = 0xFFFFFFFFFFFFFFFF
RSDP, ROOT = 0xF5A00, 0x7FE0000
IO, MEM = 1, 0
S5 = b"\x08_S5_\x12\x06\x04\x0a\x05\x0a\x02\x00\x00"


def summed(data, at, length=None):
    data = bytearray(data)
    data[at] = 0
    data[at] = -sum(data[:length]) & 0xFF
    return bytes(data)


def table(signature, body, revision=1, length=None):
    n = 36 + len(body) if length is None else length
    return summed(signature + struct.pack("<IBB", n, revision, 0) +
                  b"MAYFLYTESTTABLE\0" + bytes(10) + body, 9)


def rsdp(rsdt=0, xsdt=0, revision=2):
    v1 = summed(b"RSD PTR \0MAYFLY" + struct.pack("<BI", revision, rsdt), 8)
    if revision < 2:
        return v1
    return summed(v1 + struct.pack("<IQI", 36, xsdt, 0), 32)


def gas(space, bits, addr):
    return struct.pack("<BBBBQ", space, bits, 0, 0, addr)


def madt(*entries, lapic=0xFEE00000, flags=1):
    return table(b"APIC", struct.pack("<II", lapic, flags) + b"".join(entries))


def lapic(uid, apic_id, flags=1):
    return struct.pack("<BBBBI", 0, 8, uid, apic_id, flags)


def x2apic(apic_id, flags=1):
    return struct.pack("<BBHIII", 9, 16, 0, apic_id, flags, 0)


def ioapic(addr, base):
    return struct.pack("<BBBBII", 1, 12, 0, 0, addr, base)


def iso(irq, gsi, flags=0, bus=0):
    return struct.pack("<BBBBIH", 2, 10, bus, irq, gsi, flags)


def fadt(length=268, revision=5, **fields):
    b = bytearray(276)
    where = {"dsdt": (40, "<I"), "smi_cmd": (48, "<I"), "enable": (52, "<B"),
             "pm1a": (64, "<I"), "pm1b": (68, "<I"), "timer": (76, "<I"),
             "pm1_len": (89, "<B"), "timer_len": (91, "<B"),
             "century": (108, "<B"), "arch": (109, "<H"), "flags": (112, "<I"),
             "value": (128, "<B"), "x_dsdt": (140, "<Q")}
    regs = {"reset": 116, "x_pm1a": 172, "x_pm1b": 184, "x_timer": 208,
            "sleep": 244, "sleep_status": 256}
    for name, value in fields.items():
        if name in regs:
            b[regs[name]:regs[name] + 12] = gas(*value)
        else:
            at, form = where[name]
            struct.pack_into(form, b, at, value)
    return table(b"FACP", bytes(b[36:length]), revision)


def dsdt(aml=S5):
    return table(b"DSDT", aml, 2)


def hpet(addr=0xFED00000, space=MEM):
    return table(b"HPET", struct.pack("<I", 0x8086A201) + gas(space, 64, addr) +
                 struct.pack("<BHB", 0, 100, 0))


def mcfg(*entries):
    return table(b"MCFG", bytes(8) + b"".join(
        struct.pack("<QHBBI", *e, 0) for e in entries))


def srat(*entries, revision=2):
    return table(b"SRAT", bytes(12) + b"".join(entries), revision)


def srat_cpu(apic_id, domain, flags=1):
    d = struct.pack("<I", domain)
    return struct.pack("<BBBBIB", 0, 16, d[0], apic_id, flags, 0) + d[1:] + bytes(4)


def srat_x2apic(apic_id, domain, flags=1):
    return struct.pack("<BBHIIIII", 2, 24, 0, domain, apic_id, flags, 0, 0)


def srat_memory(base, length, domain, flags=1):
    return struct.pack("<BBIHQQIIQ", 1, 40, domain, 0, base, length, 0, flags, 0)


def slit(n, matrix):
    return table(b"SLIT", struct.pack("<Q", n) + bytes(matrix))


def machine(*tables, root="XSDT", dsdt_table=None, revision=2, at_rsdp=RSDP):
    """The tables 64 KiB apart from ROOT on, the root first."""
    m = Memory()
    places = []
    for i, t in enumerate(tables):
        places.append(m.put(ROOT + 0x10000 * (i + 1), t))
    if dsdt_table is not None:
        m.put(0x7FD0000, dsdt_table)
    form = "<Q" if root == "XSDT" else "<I"
    m.put(ROOT, table(root.encode(), b"".join(struct.pack(form, p)
                                              for p in places)))
    m.put(at_rsdp, rsdp(xsdt=ROOT if root == "XSDT" else 0,
                        rsdt=ROOT if root == "RSDT" else 0, revision=revision))
    return m


def decode(memory, at=0):
    return checker("check_firmware", "acpi", memory.write(), at)


def q35():
    return machine(
        fadt(length=244, revision=3, dsdt=0x7FD0000, smi_cmd=0xB2, enable=2,
             pm1a=0x604, pm1_len=2, timer=0x608, timer_len=4, century=0x32,
             arch=2, flags=0x84A5, reset=(IO, 8, 0xCF9), value=0xF,
             x_pm1a=(IO, 16, 0x604), x_timer=(IO, 32, 0x608)),
        madt(lapic(0, 0), lapic(1, 1), lapic(2, 2, 0), lapic(3, 3, 2),
             ioapic(0xFEC00000, 0), iso(0, 2), iso(9, 9, 0xD), iso(5, 5, 0xF),
             struct.pack("<BBBHB", 4, 6, 255, 0, 1)),
        hpet(), mcfg((0xB0000000, 0, 0, 255)),
        srat(srat_cpu(0, 0), srat_cpu(1, 1), srat_memory(0, 0xA0000, 0),
             srat_memory(0x100000, 0x3F00000, 0),
             srat_memory(0x4000000, 0x4000000, 1),
             srat_memory(0x8000000, 0x1000, 1, 0)),
        slit(2, [10, 21, 22, 10]), dsdt_table=dsdt())


Q35 = """error 0
    lapic 0xfee00000 pcat
    cpu 0 domain 0
    cpu 1 domain 1
    ioapic 0xfec00000 gsi 0
    iso 0 gsi 2
    iso 9 gsi 9 level
    iso 5 gsi 5 level low
    ecam 0xb0000000 segment 0 bus 0 255
    mem 0 0xa0000 domain 0
    mem 0x100000 0x4000000 domain 0
    mem 0x4000000 0x8000000 domain 1
    distance 10 21
    distance 22 10
    hpet mem 0xfed00000 64
    timer24 io 0x608 32
    reset io 0xcf9 8
    reset value 0xf
    pm1a io 0x604 16
    enable 0x2 to 0xb2
    flags
    century 50
    s5 5 2"""


def microvm():
    return machine(
        fadt(x_dsdt=0x7FD0000, flags=(1 << 20) | (1 << 10), pm1a=0x604,
             pm1_len=2, timer=0x608, timer_len=4, arch=0x20, century=0x32,
             sleep=(MEM, 8, 0xFEA00200), sleep_status=(MEM, 8, 0xFEA00201),
             reset=(MEM, 8, 0xFEA00202), value=0x42),
        madt(lapic(0, 0), ioapic(0xFEC00000, 0), ioapic(0xFEC10000, 24), flags=0),
        dsdt_table=dsdt(b"\x10\x09\\\x00\x08_S5_\x12\x04\x01\x0a\x05"))


@case("a machine like q35: is all of it decoded?")
def like_q35():
    equal_lines(decode(q35()), Q35)


@case("a hardware-reduced machine: are the sleep registers taken, no PM1?")
def like_microvm():
    equal_lines(decode(microvm()), """error 0
        lapic 0xfee00000
        cpu 0 domain 0
        ioapic 0xfec00000 gsi 0
        ioapic 0xfec10000 gsi 24
        distance 10
        reset mem 0xfea00202 8
        reset value 0x42
        sleep mem 0xfea00200 8
        sleep-status mem 0xfea00201 8
        enable 0 to 0
        flags reduced no-8042 no-clock
        century 50
        s5 5 0""")


@case("no RSDP anywhere: ENOENT?")
def no_rsdp():
    out = decode(Memory())
    has_lines(out, "error 2", "distance 10")


@case("is an RSDP found where the loader says, in the EBDA, in the BIOS area?")
def rsdp_places():
    for pa, told in ((0x1234, 0x1234), (0x9FC10, 0), (0x9FFE0, 0), (0xE0000, 0),
                     (0xFFFD0, 0)):
        m = machine(madt(lapic(0, 7)), at_rsdp=pa)
        m.put(0x40E, struct.pack("<H", 0x9FC0))
        has_lines(decode(m, told), "cpu 7 domain 0")
    # Not on a 16-byte boundary, past the first KiB, EBDA pointing nowhere.
    for pa, segment in ((0xE0008, 0), (0x9F400, 0x9F00), (0x9FC00, 0xFFFF)):
        m = machine(madt(lapic(0, 7)), at_rsdp=pa)
        m.put(0x40E, struct.pack("<H", segment))
        has_lines(decode(m), "error 2")


@case("an RSDP that is not where the loader says: is it searched?")
def rsdp_elsewhere():
    out = decode(machine(madt(lapic(0, 7))), 0x1000)
    has_lines(out, "cpu 7 domain 0", "warning no RSDP at 0x1000, searching")


@case("a false RSDP before the true one: is the search continued?")
def rsdp_false():
    m = machine(madt(lapic(0, 7)))
    m.put(0xE0000, b"RSD PTR " + bytes(28))
    has_lines(decode(m), "cpu 7 domain 0")


@case("is multiboot 2's copy of the RSDP enough, of either version?")
def rsdp_copy():
    for revision, kind, root in ((2, 15, "XSDT"), (0, 14, "RSDT")):
        m = machine(madt(lapic(0, 7)), root=root, revision=revision)
        copy = m.segments.pop(RSDP)
        tags = (struct.pack("<II", kind, 8 + len(copy)) + copy).ljust(48, b"\0")
        if kind == 14:
            tags = tags[:32]
        tags += struct.pack("<II", 0, 8)
        m.put(0x9000, struct.pack("<II", 8 + len(tags), 0) + tags)
        out = checker("check_firmware", "boot+acpi", m.write(), 0x36D76289, 0x9000)
        has_lines(out, "error 0", "cpu 7 domain 0")


@case("second half of the RSDP damaged: is the RSDT used?")
def rsdp_second_half():
    m = machine(madt(lapic(0, 7)), root="RSDT")
    m.segments[RSDP] = m.segments[RSDP][:33] + b"\x01" + m.segments[RSDP][34:]
    has_lines(decode(m), "cpu 7 domain 0",
              "warning RSDP: second half damaged, XSDT unknown")


@case("XSDT damaged: is the RSDT used?")
def xsdt_damaged():
    m = machine(madt(lapic(0, 7)), root="RSDT")
    m.put(0x7000000, table(b"XSDT", bytes(8))[:-1] + b"\x01")
    m.put(RSDP, rsdp(rsdt=ROOT, xsdt=0x7000000))
    has_lines(decode(m), "cpu 7 domain 0", "warning XSDT ignored: wrong sum")


@case("no good root table: EINVAL and a reason?")
def no_root():
    m = machine(madt(lapic(0, 7)))
    for data in (b"", b"XSDT" + bytes(32), table(b"XSDT", b"", length=35),
                 table(b"XSDT", b"", length=0xFFFFFFFF)):
        m.put(ROOT, data)
        out = decode(m)
        has_lines(out, "error 22",
                  "warning RSDP names no usable root table")
        equal(len(lines(out, "warning")), 2, "warnings")


@case("a root that names itself, the RSDP, nothing, and the same table twice?")
def root_entries():
    m = machine(madt(lapic(0, 7)))
    m.put(ROOT, table(b"XSDT", struct.pack("<7Q", ROOT, RSDP, 0, ALL_ONES, 0x1000,
                                           ROOT + 0x10000, ROOT + 0x10000) + b"\1\2"))
    out = decode(m)
    equal(lines(out, "cpu", "error"), ["error 0", "cpu 7 domain 0"], "CPUs")
    equal(len(lines(out, "warning")), 2, "warnings")


@case("a root of a million tables: does it end?")
def root_endless():
    m = machine(madt(lapic(0, 7)))
    m.put(ROOT, table(b"XSDT", struct.pack("<Q", ROOT + 0x10000) * 400000))
    has_lines(decode(m), "cpu 7 domain 0",
              "warning XSDT: 400000 tables, only the first 128 are used")


@case("each table with a wrong sum, length or end: left out with one line?")
def bad_tables():
    gone = {"FACP": ["timer24", "reset io", "pm1a", "s5"], "APIC": ["lapic", "cpu"],
            "HPET": ["hpet"], "MCFG": ["ecam"], "SRAT": ["mem"],
            "SLIT": ["distance 10 21"]}
    for i, name in enumerate(("FACP", "APIC", "HPET", "MCFG", "SRAT", "SLIT")):
        at = ROOT + 0x10000 * (i + 1)
        good = q35().segments[at]
        for bad, why in (
                (good[:-1] + bytes([good[-1] ^ 1]), "wrong sum"),
                (summed(good[:4] + struct.pack("<I", 35) + good[8:], 9, 35),
                 "wrong length 35"),
                (good[:4] + struct.pack("<I", 0x7FFFFFFF) + good[8:],
                 "wrong length 2147483647"),
                (good[:-1], f"its {len(good)} bytes cannot be read")):
            m = q35()
            m.put(at, bad)
            out = decode(m)
            equal(lines(out, "warning"), [f"warning {name} ignored: {why}"],
                  "warnings")
            for begin in gone[name]:
                check(not any(x.startswith(begin) for x in out.splitlines()),
                      f"{begin} is still there")
            check(len(out.splitlines()) > 10, "others are gone too")


@case("a CPU told twice, as type 0 and 9; disabled; more than fit?")
def cpus():
    out = decode(machine(madt(lapic(0, 1), x2apic(1), x2apic(300), x2apic(301, 2),
                              lapic(9, 9, 0))))
    equal(lines(out, "cpu"), ["cpu 1 domain 0", "cpu 300 domain 0"], "CPUs")
    out = decode(machine(madt(*[x2apic(i) for i in range(1000, 1080)])))
    equal(len(lines(out, "cpu")), 64, "CPUs")
    equal(lines(out, "warning"), [
        "warning APIC: more than 64 CPUs, the rest is ignored"], "warnings")
    has_lines(decode(machine(madt())), "warning APIC: names no enabled CPU")


@case("the 64-bit address of the local APICs: does it override?")
def lapic_override():
    out = decode(machine(madt(lapic(0, 0), struct.pack("<BBHQ", 5, 12, 0, 1 << 33))))
    has_lines(out, "lapic 0x200000000 pcat")


@case("entries of length 0, 1, too short, past the end: does the walk end?")
def madt_entries():
    for bad, why in ((b"\0\0", 52), (b"\0\1", 52), (b"\0", 52), (b"\0\x40", 52)):
        out = decode(machine(madt(lapic(0, 7), bad)))
        equal(lines(out, "cpu"), ["cpu 7 domain 0"], "CPUs")
        has_lines(out, f"warning APIC: damaged at offset {why}, rest ignored")
    out = decode(machine(madt(b"\0\3\0", b"\1\x04\0\0", b"\x7f\2", lapic(0, 7))))
    has_lines(out, "cpu 7 domain 0",
              "warning APIC: an entry of type 0 is too short",
              "warning APIC: an entry of type 1 is too short")


@case("I/O APICs at 0, or more than fit: are they left out?")
def ioapics():
    out = decode(machine(madt(lapic(0, 0), ioapic(0, 0),
                              *[ioapic(0xFEC00000 + (i << 12), 24 * i)
                                for i in range(10)])))
    equal(lines(out, "ioapic")[7:], ["ioapic 0xfec07000 gsi 168"], "the last")
    equal(len(lines(out, "warning")), 3, "warnings")


@case("lines of other buses, above 15, told twice: are they left out?")
def isos():
    out = decode(machine(madt(lapic(0, 0), iso(3, 30, 5), iso(3, 31), iso(16, 16),
                              iso(4, 4, 0, bus=1), iso(7, 7, 0xA))))
    equal(lines(out, "iso"), ["iso 3 gsi 30", "iso 7 gsi 7"], "lines")
    equal(len(lines(out, "warning")), 3, "warnings")


@case("FADT of revision 1, without extended fields: are the old ones taken?")
def fadt_old():
    out = decode(machine(fadt(length=116, revision=1, dsdt=0x7FD0000, pm1a=0x1004,
                              pm1b=0x2004, pm1_len=2, timer=0x1008, timer_len=4,
                              flags=1 << 8, arch=0x20), dsdt_table=dsdt()))
    equal(lines(out, "pm1a", "pm1b", "timer32", "flags", "s5", "reset"), [
        "timer32 io 0x1008 32", "reset value 0", "pm1a io 0x1004 16",
        "pm1b io 0x2004 16", "flags", "s5 5 2"], "fixed")


@case("extended fields of a strange space or port: are the old ones taken?")
def fadt_extended():
    out = decode(machine(fadt(pm1a=0x604, pm1_len=2, x_pm1a=(2, 16, 0x40),
                              timer=0x608, timer_len=4,
                              x_timer=(IO, 32, 0x10608), flags=1 << 10,
                              reset=(0x7F, 8, 1))))
    equal(lines(out, "pm1a", "timer24", "reset"), [
        "timer24 io 0x608 32", "reset value 0", "pm1a io 0x604 16"], "fixed")
    out = decode(machine(fadt(timer=0x608, timer_len=3, reset=(IO, 8, 0xCF9))))
    equal(lines(out, "timer24", "reset"), ["reset value 0"], "fixed")


@case("no DSDT, one elsewhere, a FADT as its own DSDT: is it one warning?")
def fadt_dsdt():
    out = decode(machine(fadt()))
    has_lines(out, "warning FACP names no DSDT")
    has_lines(decode(machine(fadt(dsdt=0x1000))),
              "warning DSDT at 0x1000 cannot be read")
    has_lines(decode(machine(fadt(x_dsdt=ROOT + 0x10000))),
              f"warning no DSDT at {ROOT + 0x10000:#x}")


@case("\\_S5 in an SSDT, or in both: which counts?")
def s5_ssdt():
    other = table(b"SSDT", b"\x08_S5_\x12\x04\x02\x01\x00")
    out = decode(machine(other, fadt(dsdt=0x7FD0000), dsdt_table=dsdt(b"")))
    has_lines(out, "s5 1 0")
    out = decode(machine(other, fadt(dsdt=0x7FD0000), dsdt_table=dsdt()))
    has_lines(out, "s5 5 2")


def aml(data):
    m = Memory()
    m.put(0, data)
    return checker("check_firmware", "aml", m.write()).strip()


@case("AML's ways to write two small numbers: is each understood?")
def aml_forms():
    for data, want in (
            (S5, "5 2"), (b"\x08\\_S5_" + S5[5:], "5 2"),
            (b"junk _S5_ " + S5 + b"tail", "5 2"),
            (b"\x08_S5_\x12\x04\x02\x00\x01", "0 1"),
            (b"\x08_S5_\x12\x08\x02\x0b\x07\x00\x0b\x06\x00", "7 6"),
            (b"\x08_S5_\x12\x0c\x02\x0c\x07\x00\x00\x00\x0c\x06\x00\x00\x00", "7 6"),
            (b"\x08_S5_\x12\x04\x01\x0a\x05", "5 0"),
            (b"\x08_S5_\x12\x05\x01\x0b\x05\x03", "5 3"),
            (b"\x08_S5_\x12\x45\x00\x02\x00\x01", "0 1"),
            (b"\x08_S5_\x12\x86\x00\x00\x02\x00\x01", "0 1"),
            (b"\x08_S5_\x12\xc7\x00\x00\x00\x02\x00\x01", "0 1")):
        equal(aml(data), "s5 " + want, repr(data))


def virtio(i, span=b""):
    """What QEMU's microvm has in the DSDT for one device."""
    return (b"\x08_HID\x0dLNRO0005\0" + span +
            struct.pack("<BHBII", 0x86, 9, 1, 0xfeb00000 + 512 * i, 512) +
            struct.pack("<BHBBI", 0x89, 6, 1, 1, 16 + i))


@case("virtio-mmio devices in the DSDT: is each found, and no other?")
def virtio_mmio():
    def found(data):
        out = decode(machine(fadt(dsdt=0x7FD0000), dsdt_table=dsdt(data)))
        return lines(out, "virtio")

    equal(found(virtio(0) + virtio(5)), [
        "virtio 0xfeb00000 0x200 16", "virtio 0xfeb00a00 0x200 21"], "two")
    equal(found(b"LNRO0005\0" + virtio(1)),
          ["virtio 0xfeb00200 0x200 17"], "an id without resources")
    equal(found(virtio(0, b"x" * 200)), [], "resources far away")
    equal(found(virtio(0)[:-1]), [], "a cut one")
    equal(len(found(b"".join(virtio(i) for i in range(40)))), 32, "too many")
    whole = virtio(0)
    for n in range(len(whole)):
        equal(found(whole[:n]), [], f"the first {n} bytes")


@case("bytes that only look like \\_S5: are they passed over?")
def aml_lookalikes():
    for data in (
            b"", b"_S5_", b"\x08_S5_", b"\x08_S5_\x12", S5[:8], S5[:10],
            b"\x07_S5_" + S5[5:], b"\\_S5_" + S5[5:],
            b"\x08_S5_\x13" + S5[6:], b"\x08_S5_\x12\x00\x02\x00\x01",
            b"\x08_S5_\x12\x03\x02\x00\x01", b"\x08_S5_\x12\x3f\x02\x00\x01",
            b"\x08_S5_\x12\x04\x00\x00\x01", b"\x08_S5_\x12\x06\x02\x0a\x08\x0a\x02",
            b"\x08_S5_\x12\x04\x02\x00\xff", b"\x08_S5_\x12\x05\x02\x0a\x01\x0a",
            b"\x08_S5_\x12\x55\x00\x02\x00\x01",
            b"\x08_S5_\x12\xcf\xff\xff\xff\x02\x00\x01",
            b"\x08_S5_\x12\x06\x02\x68\x69\x00\x01"):
        equal(aml(data), "none", repr(data))
        equal(aml(data + S5), "s5 5 2", "after " + repr(data))


@case("HPET in port space, ECAM at 0, reversed, unaligned: left out?")
def buses():
    out = decode(machine(hpet(space=IO), mcfg((0, 0, 0, 255), (1 << 30, 1, 9, 3),
                                              (0x1000, 2, 0, 1),
                                              (0xE0000000, 3, 4, 7))))
    equal(lines(out, "hpet", "ecam"), ["ecam 0xe0000000 segment 3 bus 4 7"], "buses")
    equal(len(lines(out, "warning")), 4, "warnings")
    out = decode(machine(mcfg(*[(0x100000 * (i + 1), i, 0, 0) for i in range(10)])))
    equal(len(lines(out, "ecam")), 8, "ECAMs")


@case("SRAT: x2APIC ids, disabled, persistent, wrapping, unknown CPUs?")
def srat_entries():
    out = decode(machine(
        srat(srat_x2apic(300, 1), srat_cpu(5, 1, 0), srat_cpu(99, 3),
             srat_memory(0, 4096, 0, 5), srat_memory(ALL_ONES, 2, 0),
             srat_memory(4096, 0, 0), srat_memory(4096, 4096, 2)),
        madt(lapic(0, 5), x2apic(300))))
    equal(lines(out, "cpu", "mem", "warning"), [
        "cpu 5 domain 0", "cpu 300 domain 1", "mem 0x1000 0x2000 domain 2",
        "warning SRAT: memory 0xffffffffffffffff+0x2 ignored"], "entries")
    equal(len(lines(out, "distance")), 3, "domains")


@case("SRAT of revision 1: are the high bytes of a domain ignored?")
def srat_revision():
    for revision, want in ((1, "cpu 5 domain 1"), (2, "cpu 5 domain 0")):
        out = decode(machine(srat(srat_cpu(5, 0x10001), revision=revision),
                             madt(lapic(0, 5))))
        has_lines(out, want)
        equal("taken for 0" in out, revision == 2, "the warning")


@case("more memory than fits: is the rest left out?")
def srat_many():
    out = decode(machine(srat(*[srat_memory(i << 20, 1 << 20, i % 4)
                                for i in range(40)])))
    equal(len(lines(out, "mem")), 32, "pieces")


@case("SLIT whose size overflows, is short, has wrong distances: left out?")
def slit_damaged():
    s = srat(srat_memory(0, 4096, 1))
    for n, matrix in ((ALL_ONES, b""), (1 << 32, b""), (3, [10, 20, 20, 10]),
                      (2, [10, 20, 20, 11]), (2, [10, 9, 20, 10]),
                      (0x100000001, [10])):
        out = decode(machine(slit(n, matrix), s))
        equal(lines(out, "distance"), ["distance 10 20", "distance 20 10"], "SLIT")
        has_lines(out, "warning SLIT ignored: no matrix of distances")
    big = [10 if i == j else 30 + i for i in range(20) for j in range(20)]
    out = decode(machine(slit(20, big), s))
    equal(lines(out, "distance"), ["distance 10 30", "distance 31 10"], "SLIT")


def damage(memory, at, least):
    out = checker("check_firmware", "damage", "acpi", memory.write(), at,
                  seconds=280)
    n = int(lines(out, "damaged")[0].split()[1])
    check(n >= least, f"only {n} damaged versions tried")


@case("are the promises kept for every damaged version of q35's tables?", 300)
def q35_damage():
    damage(q35(), RSDP, 10000)


@case("... and of a hardware-reduced machine's?", 300)
def microvm_damage():
    damage(microvm(), RSDP, 5000)


main()
