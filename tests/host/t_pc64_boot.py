#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots that are damaged, poor or odd: one clear line, or it works.

QEMU is started here, without the launcher, so that the machine can lack what the
launcher always gives.  Where a boot loader's or the firmware's words are to be
damaged, the machine is stopped at the kernel's first instruction (class Debugger)
and its memory is written.  Whatever happens: status 2 with one line, or a boot
that works; never a panic, a reset (triple fault) or a hang.
"""
import os
import random
import re
import select
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import (BUILD, PC64, ROOT, case, check, equal, fail, main, run,
                 started, wait_for)

KERNEL = BUILD + "/pc64-kernel.elf"
TEST_KERNEL = BUILD + "/pc64-test.elf"
TEST_ROOT = BUILD + "/initramfs-test.cpio"
MACHINES = ("microvm,auto-kernel-cmdline=off", "q35")
TRUE = "--cpus 8 -- /bin/true"
PASS, FAIL, PANIC, HANG = 0x10, 0x11, 0x12, 0x13
GOOD, REFUSED = (PASS, 0), (FAIL, 2)
# What we say ourselves, and QEMU about its CPUs.
WORDS = re.compile(r"^(pc64|root|Mayfly|virtio.*): \S")


class Machine:
    """One QEMU; extra are more arguments for it."""

    def __init__(self, *extra, machine=MACHINES[0], kernel=KERNEL, initrd=ROOT,
                 append=TRUE, cpu="max", memory="128M", smp="2", serial=True):
        self.argv = [
            os.environ.get("PC64_QEMU", "qemu-system-x86_64"), "-nodefaults",
            "-no-user-config", "-display", "none", "-no-reboot",
            "-machine", machine, "-cpu", cpu, "-m", memory, "-smp", smp,
            "-chardev", "file,id=debug,path=debug",
            "-device", "isa-debugcon,iobase=0xe9,chardev=debug",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
            "-global", "virtio-mmio.force-legacy=false"]
        if serial:
            self.argv += ["-serial", "stdio"]
        if kernel:
            self.argv += ["-kernel", kernel, "-append", append]
        if initrd:
            self.argv += ["-initrd", initrd]
        self.argv += extra
        self.out = ""

    def start(self):
        with open("debug", "wb"):
            pass
        with open("errors", "wb") as errors:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE,
                                            stderr=errors)
        started.append(self.process)

    def finish(self, seconds=60):
        """(class of the end, status); class None: it reset itself.

        A shell that waits for input, because the command was lost, is good.
        """
        out, end = b"", time.monotonic() + seconds
        fd = self.process.stdout.fileno()
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                self.process.kill()
                print(" ".join(self.argv), out.decode(errors="replace"))
                fail(f"no end within {seconds} s")
            data = os.read(fd, 65536)
            out += data
            if not data:
                break
            if b"mayfly:/# " in out:
                self.process.kill()
                self.process.wait()
                self.out = ""
                return GOOD
        code = self.process.wait()
        self.process.stdout.close()
        with open("debug", "rb") as f:
            said = f.read()
        if code == 1:
            with open("errors", encoding="utf-8") as f:
                fail("QEMU: " + f.read())
        self.out = out.decode(errors="replace").replace("\r", "")
        return (code >> 1 if code & 1 else None, said[-1] if said else None)

    def run(self, seconds=60):
        self.start()
        return self.finish(seconds)

    def lines(self):
        return [l for l in self.out.splitlines() if l.strip()]


def refused(what, m, *words, lines=1):
    """It ends with status 2 and one line, the last, that has the words."""
    end = m.run()
    print(f"{what}: {end} {m.out.strip()}")
    equal(end, REFUSED, f"end of {what}: {m.out}")
    equal(len(m.lines()), lines, f"lines of {what}")
    check(WORDS.match(m.out), f"{what}: whose words? {m.out}")
    for w in words:
        check(w in m.lines()[-1], f"{what}: {w!r} is not in {m.out!r}")


def works(what, m, *words, quiet=True):
    """It runs the program; quiet: it says nothing of its own."""
    end = m.run()
    print(f"{what}: {end} {m.out.strip()}")
    equal(end, GOOD, f"end of {what}: {m.out}")
    for w in words:
        check(w in m.out, f"{what}: {w!r} is not in {m.out!r}")
    if quiet:
        check(not any(WORDS.match(l) for l in m.lines()),
              f"{what}: words: {m.out}")


def either(what, m, end):
    """A damaged boot's end: it works, or one line says why not."""
    print(f"{what}: {end} {' | '.join(m.lines())[:300]}")
    check(end in (GOOD, REFUSED), f"{what} ended with {end}:\n{m.out}")
    check(end == GOOD or m.lines(), f"{what}: not a word")


# --- the machine ---------------------------------------------------------------------

@case("is too little memory told, at every size?", timeout=300)
def little_memory():
    for machine in MACHINES:
        for mib in range(4, 21):
            m = Machine(machine=machine, memory=f"{mib}M")
            end = m.run()
            either(f"{mib} MiB on {machine}", m, end)
            check(end == REFUSED or mib > 6, "that cannot be")
            check(end == GOOD or mib < 12, "that must do")
    # The steps around the border, with many CPUs' stacks.
    for kib in range(6 * 1024, 9 * 1024, 256):
        m = Machine(memory=f"{kib}K", smp="8")
        either(f"{kib} KiB, 8 CPUs", m, m.run())


@case("do odd sizes of memory work, above 4 GiB too, for every CPU?",
      timeout=300)
def memory_sizes():
    for machine in MACHINES:
        for size in ("33M", "65537K", "127M", "1025M", "2047M", "3071M",
                     "3073M", "3583M", "4G", "4095M", "5000M", "6G"):
            m = Machine(machine=machine, memory=size, smp="4",
                        append="-- sed -n \"s/MemTotal: *//p\" /proc/meminfo")
            works(f"{size} on {machine}", m)
            want = int(size[:-1]) * {"K": 1, "M": 1 << 10, "G": 1 << 20}[size[-1]]
            got = int(m.out.split()[0])
            check(want * 0.9 - 3000 < got <= want, f"{got} KiB of {want}")


@case("does it boot with any number of CPUs, and use at most 8?", timeout=300)
def cpus():
    for smp, want in (("1", 1), ("3", 3), ("8", 8), ("16", 8), ("64", 8),
                      ("8,sockets=2,cores=4", 8), ("2,maxcpus=8", 2)):
        works(f"-smp {smp}", Machine(machine="q35", smp=smp,
                                     append="-- nproc"), f"{want}\n")
    works("16 on microvm", Machine(smp="16", append="-- nproc"), "8\n")
    works("4 asked of 2", Machine(append="--cpus 4 -- nproc"), "2\n")
    works("1 asked of 8", Machine(smp="8", append="--cpus 1 -- nproc"), "1\n")


@case("does it boot on several memory domains, above 4 GiB too?", timeout=120)
def domains():
    def nodes(*sizes):
        args = []
        for i, size in enumerate(sizes):
            args += ["-object", f"memory-backend-ram,id=m{i},size={size}",
                     "-numa", f"node,memdev=m{i},cpus={i}"]
        return args
    for sizes, memory in ((("64M", "192M"), "256M"), (("3G", "3G"), "6G"),
                          (("1G", "1G", "2G", "2G"), "6G"),
                          ((["32M"] * 8), "256M")):
        works(f"domains of {sizes}",
              Machine(*nodes(*sizes), machine="q35", memory=memory,
                      smp=str(len(sizes)), append="-- nproc"),
              f"{len(sizes)}\n")


@case("does each CPU model boot, or is told what it lacks?", timeout=300)
def models():
    for cpu in ("qemu64", "kvm64", "core2duo", "Nehalem", "Haswell", "EPYC",
                "Opteron_G1", "Opteron_G4", "Opteron_G5", "max,-smap",
                "max,-smep", "max,-umip", "max,-fsgsbase", "max,-xsave",
                "max,-pdpe1gb", "max,-rdrand", "max,-avx", "max,-pge",
                "max,-pat", "max,-mce", "max,+la57", "max,level=1",
                "max,-smap,-smep,-umip,-fsgsbase,-xsave,-pdpe1gb,-rdrand"):
        works(cpu, Machine(cpu=cpu, append="-- /bin/sh -c \"echo ok\""), "ok")
    for cpu, *words in (("qemu32", "64-bit"), ("pentium3", "64-bit"),
                        ("486", "64-bit"), ("max,-lm", "64-bit"),
                        ("max,-nx", "no-execute"), ("max,-sse2", "SSE2"),
                        ("max,-sse", "SSE2"), ("max,-fxsr", "SSE2"),
                        ("max,-apic", "APIC"), ("max,-syscall", "syscall")):
        refused(cpu, Machine(cpu=cpu), *words)


@case("do programs' states and faults hold on poorer CPUs as well?",
      timeout=600)
def models_in_depth():
    for cpu in ("qemu64", "Haswell", "max,-smap,-smep,-umip", "max,-fsgsbase",
                "max,-xsave"):
        for program, name in (("h_fpu", "components"), ("h_fpu", "gs_bases"),
                              ("h_fpu", "bases_by_call"),
                              ("h_fpu", "exec_state"),
                              ("h_fpu", "frame_registers"),
                              ("h_frame", "fpstate_bytes"),
                              ("h_cpu", "instructions"),
                              ("h_cpu", "selectors"), ("h_cpu", "umip"),
                              ("h_cpu", "far_selectors"),
                              ("h_mode", "compat_signals")):
            m = Machine(cpu=cpu, kernel=TEST_KERNEL, initrd=TEST_ROOT,
                        append=f"-- /tests/{program} {name}")
            equal(m.run(180), GOOD, f"{program} {name} on {cpu}: {m.out}")


@case("are absent devices left out, or told in one line?", timeout=300)
def absent_devices():
    micro = MACHINES[0]
    works("no serial line", Machine(serial=False))
    works("no serial line on q35", Machine(serial=False, machine="q35"))
    m = Machine(serial=False, initrd=None)
    equal(m.run(), REFUSED, "end without serial line and root")
    for option in ("pic=off", "acpi=off", "isa-serial=off", "pcie=on",
                   "ioapic2=on"):
        works(option, Machine(machine=f"{micro},{option}"))
    works("no CMOS clock", Machine(machine=micro + ",rtc=off"), "no CMOS clock",
          quiet=False)
    for option in ("pit=off", "pit=off,pic=off,rtc=off", "pit=off,acpi=off"):
        refused(option, Machine(machine=f"{micro},{option}"), "no clock")
    for option in ("hpet=off", "i8042=off", "smm=off", "acpi=off", "pit=off",
                   "vmport=off", "smbus=off,sata=off"):
        works("q35 " + option, Machine(machine="q35," + option))
    works("pc", Machine(machine="pc"))


# --- the loader ------------------------------------------------------------------------

@case("is a missing or damaged root told in one line?", timeout=120)
def modules():
    with open(ROOT, "rb") as f:
        root = f.read()
    for name, data in (("empty", b""), ("byte", b"0"), ("cut", root[:100000]),
                       ("header", root[:110]), ("half", root[:54]),
                       ("zeros", bytes(300000)), ("ones", b"\xff" * 300000),
                       ("random", random.Random(1).randbytes(300000)),
                       ("flipped", root[:6] + b"G" + root[7:])):
        with open(name, "wb") as f:
            f.write(data)
    for machine in MACHINES:
        refused("no root", Machine(machine=machine, initrd=None), "no root")
        for name in ("empty", "byte", "cut", "header", "half", "zeros", "ones",
                     "random", "flipped"):
            refused(f"{name} root", Machine(machine=machine, initrd=name),
                    "root", lines=2 if name == "empty" else 1)
    # Of several modules the first counts, or the one named.
    both = "random the other," + ROOT + " initramfs.cpio"
    refused("the first of two", Machine(machine="q35", initrd=both), "root")
    works("the second of two", Machine(
        machine="q35", initrd=both,
        append="--initramfs " + os.path.basename(ROOT) + " -- /bin/true"))


@case("is a wrong command line told in one line?", timeout=120)
def command_lines():
    for append, *words in (
            ("--nonesuch", "--nonesuch"), ("--memory", "needs a value"),
            ("--memory x", "is not a size"), ("--memory 8M", "16M"),
            ("--memory 99999999999999999999G", "is not a size"),
            ("--cpus 99", "1 to 8"), ("--cpus 0", "1 to 8"), ("--set", "value"),
            ("--help", "pc64(8)"), ("--", "program"),
            ("-- \"open", "no end"), ("-- " + "x" * 1100, "1023"),
            ("--initramfs nonesuch", "nonesuch"),
            ("--set \"a b\" -- /bin/true", "blanks")):
        for machine in MACHINES:
            refused(repr(append[:40]), Machine(append=append, machine=machine),
                    *words)
    works("much", Machine(append="-- /bin/echo " + "y " * 1800), "y y y")
    m = Machine(append="x" * 5000)
    either("a line of 5000 bytes", m, m.run())
    for append in ("virtio_mmio.device=zzz", "virtio_mmio.device=",
                   "virtio_mmio.device=512@0xfeb00001:5",
                   "virtio_mmio.device=1M@0xfeb00000:5",
                   "--set watchdog=soon"):
        works(append, Machine(append=append + " -- /bin/true"), "pc64: ",
              quiet=False)
    for append in ("virtio_mmio.device=512@0x0:999999",
                   "virtio_mmio.device=512@0x100000:5",
                   "virtio_mmio.device=512@0xfffffffffffff000:5"):
        m = Machine(append=append + " -- /bin/true")
        either(append, m, m.run())


def pvh_kernel():
    """The kernel without multiboot 1's mark: QEMU takes the PVH note."""
    with open(KERNEL, "rb") as f:
        image = bytearray(f.read())
    at = image.index(struct.pack("<I", 0x1badb002))
    check(at < 8192, "multiboot 1's header lies too far behind")
    image[at] ^= 0xff
    with open("pvh.elf", "wb") as f:
        f.write(image)
    return os.path.abspath("pvh.elf")


@case("does the kernel boot by its PVH note where multiboot's mark is gone?")
def pvh():
    for machine in MACHINES:
        works("PVH on " + machine, Machine(
            machine=machine, kernel=pvh_kernel(),
            append="-- /bin/echo by PVH"), "by PVH")


@case("does GRUB boot it by BIOS and by UEFI with much and little memory?",
      timeout=400)
def grub():
    for tier, memories in (("iso", ("20M", "64M", "6G")), ("disk", ("32M",)),
                           ("iso-efi", ("256M", "5G"))):
        for memory in memories:
            status, out, err = run(
                [PC64, "--tier", tier, "-i", ROOT, "-m", memory, "-n", "4",
                 "--", "nproc"], seconds=120)
            equal((status, err), (0, ""), f"{tier} with {memory}")
            check(out.endswith("4\n"), f"{tier} with {memory}: {out}")


# --- damage at the first instruction -----------------------------------------------------

def symbol(name):
    out = subprocess.run(["nm", KERNEL], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    return int(re.search(rf"^(\w+) \w {name}$", out, re.M).group(1), 16)


KERNBASE = 0xffffffff80000000


class Debugger:
    """GDB's remote protocol, as much as stops at an address and writes memory."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        wait_for("the debugger's socket",
                 lambda: self.sock.connect_ex(path) == 0)
        self.sock.settimeout(60)
        self.buf = b""

    def close(self):
        self.send("D")
        self.sock.close()

    def byte(self):
        if not self.buf:
            self.buf = self.sock.recv(65536)
            check(self.buf, "QEMU is gone")
        c, self.buf = self.buf[:1], self.buf[1:]
        return c

    def send(self, text):
        self.sock.sendall(b"$%s#%02x" % (text.encode(),
                                         sum(text.encode()) & 0xff))

    def ask(self, text):
        self.send(text)
        while self.byte() != b"$":
            pass
        out = b""
        while (c := self.byte()) != b"#":
            out += c
        self.byte(), self.byte()
        self.sock.sendall(b"+")
        return out.decode()

    def run_to(self, addr):
        equal(self.ask(f"Z1,{addr:x},1"), "OK", "break point")
        stop = self.ask("c")
        check(stop.startswith("T05"), f"it stopped by {stop}")
        equal(self.ask(f"z1,{addr:x},1"), "OK", "break point's end")

    def register(self, n):
        return struct.unpack("<Q", bytes.fromhex(self.ask("g"))[n * 8:n * 8 + 8])[0]

    def read(self, addr, size):
        out = b""
        while len(out) < size:
            n = min(1024, size - len(out))
            data = self.ask(f"m{addr + len(out):x},{n:x}")
            if data.startswith("E"):
                return None
            out += bytes.fromhex(data)
        return out

    def write(self, addr, data):
        equal(self.ask(f"M{addr:x},{len(data):x}:{data.hex()}"), "OK", "write")


def damaged(damage, entry="start_mb", **kw):
    """Boot; at the first instruction damage(debugger, information's address)."""
    if os.path.exists("gdb"):
        os.unlink("gdb")
    kernel = KERNEL if entry == "start_mb" else pvh_kernel()
    m = Machine("-gdb", "unix:gdb,server=on,wait=off", "-S", machine="q35",
                kernel=kernel, **kw)
    m.start()
    d = Debugger("gdb")
    d.run_to(symbol(entry) - KERNBASE)
    damage(d, d.register(1))  # rbx
    d.close()
    return m, m.finish()


def put(at, data):
    return lambda d, info: d.write(info + at, data)


def u32(v):
    return struct.pack("<I", v & 0xffffffff)


def u64(v):
    return struct.pack("<Q", v & 0xffffffffffffffff)


WILD = (0, 1, 0xfff, 0x100000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff)


@case("does no damage of multiboot's information do more than end the boot?",
      timeout=600)
def damaged_multiboot():
    # flags, lower, upper, boot device, command line, modules, map: words.
    for at in (0, 4, 8, 16, 20, 24, 44, 48):
        for v in WILD:
            m, end = damaged(put(at, u32(v)))
            either(f"word at {at} = {v:#x}", m, end)

    def first_module(off):
        def damage(v):
            def f(d, info):
                mods = struct.unpack("<I", d.read(info + 24, 4))[0]
                d.write(mods + off, u32(v))
            return f
        return damage
    for off in (0, 4, 8):
        for v in WILD:
            m, end = damaged(first_module(off)(v))
            either(f"module's word at {off} = {v:#x}", m, end)

    def in_map(off, data):
        def f(d, info):
            d.write(struct.unpack("<I", d.read(info + 48, 4))[0] + off, data)
        return f
    for off, data in ((0, u32(0)), (0, u32(0xffffffff)), (4, u64(-1)),
                      (12, u64(-1)), (12, u64(0)), (20, u32(7)),
                      (24, u32(0)), (24 + 4, u64(1 << 63))):
        m, end = damaged(in_map(off, data))
        either(f"map at {off} = {data.hex()}", m, end)

    m, end = damaged(lambda d, info: d.write(info, bytes(116)))
    equal(end, REFUSED, "end with nothing")
    m, end = damaged(lambda d, info: d.ask("G" + u64(0x12345678).hex() +
                                           d.ask("g")[16:]))
    equal(end, REFUSED, "end with a wrong magic")
    check("unknown boot protocol" in m.out, m.out)


@case("does no damage of PVH's start information do more than end the boot?",
      timeout=600)
def damaged_pvh():
    for at in (0, 4, 8, 12):
        for v in WILD:
            m, end = damaged(put(at, u32(v)), "start_pvh")
            either(f"word at {at} = {v:#x}", m, end)
    for at in (16, 24, 32, 40, 48):
        for v in WILD + (1 << 40, 1 << 63, -1):
            m, end = damaged(put(at, u64(v)), "start_pvh")
            either(f"word at {at} = {v:#x}", m, end)


def find_tables(d):
    """{signature: address} of the ACPI tables, with RSDP and the root."""
    low = d.read(0xe0000, 0x20000)
    ebda = struct.unpack("<H", d.read(0x40e, 2))[0] << 4
    at = low.find(b"RSD PTR ")
    if at >= 0:
        rsdp = 0xe0000 + at
    else:
        rsdp = ebda + d.read(ebda, 1024).index(b"RSD PTR ")
    root = struct.unpack("<I", d.read(rsdp + 16, 4))[0]
    tables = {"RSD PTR ": rsdp, "RSDT": root}
    length = struct.unpack("<I", d.read(root + 4, 4))[0]
    for i in range((length - 36) // 4):
        pa = struct.unpack("<I", d.read(root + 36 + 4 * i, 4))[0]
        tables[d.read(pa, 4).decode("latin-1")] = pa
    if "FACP" in tables:
        tables["DSDT"] = struct.unpack("<I", d.read(tables["FACP"] + 40, 4))[0]
    return tables


def fix_sum(d, pa):
    length = struct.unpack("<I", d.read(pa + 4, 4))[0]
    if length > 1 << 16:
        return
    table = bytearray(d.read(pa, length))
    table[9] = 0
    d.write(pa + 9, bytes([-sum(table) & 0xff]))


@case("is each ACPI table with a wrong sum or length left out in one line?",
      timeout=400)
def damaged_acpi():
    def damage(signature, off, data, good_sum):
        def f(d, _):
            pa = find_tables(d)[signature]
            d.write(pa + off, data)
            if good_sum:
                fix_sum(d, pa)
        return f
    for signature in ("RSDT", "APIC", "FACP", "HPET", "MCFG", "DSDT"):
        for off, data, good_sum in ((9, b"\x5a", False), (4, u32(0), False),
                                    (4, u32(7), False), (4, u32(36), True),
                                    (4, u32(0xffffffff), False),
                                    (36, b"\xff" * 40, True),
                                    (36, bytes(40), True)):
            m, end = damaged(damage(signature, off, data, good_sum))
            either(f"{signature} at {off}", m, end)
            if off in (4, 9) and not good_sum and signature != "HPET":
                check(any(signature in l for l in m.lines()) or
                      signature == "RSDT", f"no word about {signature}")
    m, end = damaged(damage("RSD PTR ", 8, b"\x00\x11", False))
    either("RSDP", m, end)
    m, end = damaged(damage("RSDT", 36, u32(0xfffffff0) * 3, True))
    either("RSDT's pointers", m, end)


@case("does no random damage of the ACPI tables do more than end the boot?",
      timeout=600)
def acpi_fuzz():
    rnd = random.Random(64)

    def scribble(d, _):
        tables = find_tables(d)
        for _ in range(rnd.randint(1, 8)):
            name = rnd.choice(["APIC", "FACP", "MCFG", "HPET", "RSDT"])
            length = struct.unpack("<I", d.read(tables[name] + 4, 4))[0]
            off = rnd.randrange(4 if rnd.random() < 0.2 else 36,
                                min(max(length, 37), 400))
            d.write(tables[name] + off,
                    rnd.choice([b"\0", b"\xff", b"\x80", rnd.randbytes(1),
                                rnd.randbytes(4), u32(rnd.choice(WILD))]))
            fix_sum(d, tables[name])
    for i in range(40):
        m, end = damaged(scribble)
        either(f"damage {i}", m, end)


@case("do more and nonsensical ACPI tables do no harm?", timeout=120)
def more_tables():
    with open("noise", "wb") as f:
        f.write(random.Random(7).randbytes(3000))
    for signature in ("SSDT", "APIC", "SRAT", "SLIT", "HPET", "FACP", "XYZW"):
        m = Machine("-acpitable", f"sig={signature},data=noise", machine="q35")
        either(f"a second {signature}", m, m.run())


# --- ends -----------------------------------------------------------------------------------

# case of k_machine: class of the end, words of the panic line, functions named.
ENDS = (
    ("text_write", PANIC, "page fault", "error 0x3", "ktest_text_write"),
    ("rodata_write", PANIC, "page fault", "error 0x3", "ktest_rodata_write"),
    ("data_execute", PANIC, "page fault", "error 0x11", "ktest_data_execute"),
    ("heap_execute", PANIC, "page fault", "error 0x11", "ktest_heap_execute"),
    ("user_read", PANIC, "page fault", "error 0x1", "ktest_user_read"),
    ("user_write", PANIC, "page fault", "error 0x3", "ktest_user_write"),
    ("user_execute", PANIC, "page fault", "error 0x11", "ktest_user_execute"),
    ("stack_overflow", PANIC, "double fault", "stack overflow?", "deeper+"),
    ("null_call", PANIC, "page fault at 0", "called by ktest_null_call",
     "ktest_null_call"),
    ("noncanonical", PANIC, "general protection", "ktest_noncanonical"),
    ("divide", PANIC, "divide error", "ktest_divide"),
    ("undefined", PANIC, "invalid opcode", "ktest_undefined"),
    ("hang_here", HANG, "hang: ", "loop_on+"),
    ("hang_deaf", HANG, "hang: ", "loop_off+"),
    ("hang_other", HANG, "hang: ", "loop_on+"),
    ("hang_other_deaf", HANG, "hang: ", "loop_off+"),
    ("nmi_all", HANG, "hang: ", "ktest_nmi_all"),
    ("panic_other", PANIC, "on CPU 3", "panic_there+"),
    ("panic_both", PANIC, "on CPU", "panic_there+"),
)


@case("does each end of the kernel tell where all CPUs are, with names?",
      timeout=400)
def ends():
    for name, klass, *words in ENDS:
        m = Machine(kernel=TEST_KERNEL, smp="4", append=f"-k ktest={name}")
        end = m.run()
        print(name, end, m.out)
        equal(end[0], klass, f"class of {name}")
        equal(end[1], 134 if klass == PANIC else 135, f"status of {name}")
        equal(m.out.count("panic: "), 1, f"panics of {name}")
        for w in words:
            check(w in m.out, f"{name}: {w!r} is not told")
        for cpu in range(4):
            part = re.search(rf"^cpu {cpu} .*\n((  #\d+.*\n)+)", m.out, re.M)
            check(part, f"{name}: no stack of CPU {cpu}")
            check(re.search(r"0x\w+ \w+\+", part.group(1)),
                  f"{name}: no names on CPU {cpu}")


main()
