#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Virtio and PCI devices of QEMU, good and bad, and what the kernel makes of them."""
import os
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE + "/../../harness")
from atf import case, check, equal, main, skip, start, wait_for

BUILD = os.path.realpath(os.environ.get("MAYFLY_BUILD") or
                         os.path.dirname(os.path.abspath(sys.argv[0])) + "/../../..")
PASS, PANIC = 0x10 << 1 | 1, 0x12 << 1 | 1
MACHINES = {
    # machine, end of the device names, option of each device
    "mmio": ("microvm", "device", ""),
    "msix": ("q35", "pci-non-transitional", ""),
    "shared": ("q35", "pci-non-transitional", "vectors=2"),
    "line": ("q35", "pci-non-transitional", "vectors=0"),
}


class Machine:
    """QEMU with devices; a device is "virtio-blk,drive=d" or QEMU's own words."""

    def __init__(self, kind, *devices, run="/bin/true", ktest=None, options="",
                 kernel="pc64-kernel", words=()):
        machine, end, extra = MACHINES[kind]
        argv = ["qemu-system-x86_64", "-M", machine, "-cpu", "max", "-m", "256M",
                "-smp", "2", "-nodefaults", "-no-user-config", "-display", "none",
                "-no-reboot", "-serial", "stdio", "-global",
                "virtio-mmio.force-legacy=false", "-device",
                "isa-debug-exit,iobase=0xf4,iosize=4", "-debugcon", "file:status"]
        if ktest:
            kernel = "pc64-test"
            options += f" --set ktest={ktest}"
        argv += ["-kernel", f"{BUILD}/{kernel}.elf", "-initrd",
                 f"{BUILD}/initramfs-test.cpio", "-append", f"{options} -- {run}"]
        for d in devices:
            name, _, rest = d.partition(",")
            if name in ("virtio-blk", "virtio-rng", "virtio-serial", "virtio-9p",
                        "virtio-net"):
                d = ",".join(w for w in (f"{name}-{end}", rest, extra) if w)
            argv += ["-device", d]
        argv += words
        print("$", " ".join(argv), flush=True)
        self.text = ""
        self.process = start(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             errors="replace")
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            print("|", line, end="", flush=True)
            self.text += line

    def end(self, seconds=100):
        """The console of a run that passed."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            check(False, f"hang after {seconds} s")
        self.reader.join()
        if status != PASS:
            print("program's status:", open("status", "rb").read()[-1:])
        equal(status, PASS, "QEMU's status")
        check("leak:" not in self.text, "memory is lost")
        return self.text

    def says(self, words, seconds=20):
        wait_for(f"console: {words}", lambda: words in self.text, seconds)


def lines(text, words):
    return [line for line in text.splitlines() if words in line]


def cases(*names):
    """Run cases of h_virtio one after the other; each must pass."""
    script = "; ".join(f"echo {n}; /tests/h_virtio {n} || exit 1" for n in names)
    return f'/bin/busybox sh -c \\"{script}\\"'.replace('\\"', '"')


def disk(name="disk", size=4 << 20, **opts):
    with open(name, "wb") as f:
        f.truncate(size)
    words = "".join(f",{k.replace('_', '-')}={v}" for k, v in opts.items())
    return ["-drive", f"if=none,id={name},file={name},format=raw{words}"]


def share(path="share", **opts):
    os.makedirs(path, exist_ok=True)
    words = "".join(f",{k.replace('_', '-')}={v}" for k, v in opts.items())
    return ["-fsdev", f"local,id=share,path={path},security_model=none{words}"]


P9 = "virtio-9p,fsdev=share,mount_tag=share"
SERIAL = ["virtio-serial,id=ser",
          "virtserialport,bus=ser.0,nr=1,chardev=port,name=org.mayfly.test"]
PORT = ["-chardev", "socket,id=port,path=port.sock,server=on,wait=off"]


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)

    def go():
        try:
            s.connect("port.sock")
            return True
        except OSError:
            return False
    wait_for("the port's socket", go)
    return s


# --- good devices, each way they can be wired ---------------------------------

DISK_CASES = ["disk_size", "disk_bytes", "disk_end", "disk_shared_sector",
              "disk_many"]
HOST_CASES = ["host_tree", "host_removed", "host_many", "host_data"]


def everything(kind, *cases_):
    m = Machine(kind, "virtio-blk,drive=disk", "virtio-rng", P9,
                words=disk() + share(), options="--share rw", run=cases(*cases_))
    text = m.end()
    for c in cases_:
        check(c in text, f"{c} did not run")
    equal(os.listdir("share"), [], "what is left in the share")


def echo():
    s = connect()
    try:
        while data := s.recv(65536):
            s.sendall(data)
    except OSError:
        pass


def port_echo(kind):
    threading.Thread(target=echo, daemon=True).start()
    Machine(kind, *SERIAL, words=PORT, run=cases("port_echo", "port_poll")).end()


def each_wiring(what, question, func):
    for kind in MACHINES:
        def run_one(kind=kind):
            func(kind)
        run_one.__name__ = f"{what}_{kind}"
        case(f"{question} ({kind})")(run_one)


each_wiring("disk", "does a disk do all that a disk does?",
            lambda kind: everything(kind, *DISK_CASES))
each_wiring("host", "is the share a file system, and entropy there?",
            lambda kind: everything(kind, "entropy", *HOST_CASES))
each_wiring("port", "do bytes go through a port both ways?", port_echo)


each_wiring("net", "do frames go out and come in?", lambda kind: Machine(
    kind, "virtio-net,netdev=n,mac=52:54:00:12:34:56",
    words=["-netdev", "user,id=n,restrict=on"], run=cases("net_arp")).end())


@case("does a host that does not read stop the writer, and get all in the end?")
def port_backpressure():
    m = Machine("mmio", *SERIAL, words=PORT, run=cases("port_backpressure"))
    s = connect()
    time.sleep(3)
    got = 0
    while m.process.poll() is None:
        try:
            s.settimeout(0.2)
            got += len(s.recv(1 << 20))
        except OSError:
            pass
    text = m.end()
    equal(got, int(lines(text, "wrote ")[0].split()[1]), "bytes that came")


@case("is the host's hangup the end of a read, and its return the next beginning?")
def port_hangup():
    m = Machine("msix", *SERIAL, words=PORT, run=cases("port_hangup"))
    s = connect()
    equal(s.recv(100), b"bye", "what came")
    s.sendall(b"bye")
    s.close()
    m.says("hung up")
    time.sleep(0.2)
    s = connect()
    equal(s.recv(100), b"again", "what came")
    s.sendall(b"again")
    m.end()


@case("is a console port a terminal that reads lines and never loses output?")
def port_console():
    m = Machine("msix", "virtio-serial,id=ser", "virtconsole,bus=ser.0,chardev=port",
                words=PORT, run=cases("port_console"))
    s = connect()
    got = b""
    while b"login: " not in got:
        got += s.recv(100)
    s.sendall(b"root\r")
    while m.process.poll() is None or got[-12:] != b"line 19999\r\n":
        data = s.recv(65536)
        if not data:
            break
        got += data
    m.end()
    want = b"".join(b"line %d\r\n" % i for i in range(20000))
    check(got.endswith(want), f"output is not whole: {got[-100:]!r}")


@case("do disks of 4 KiB sectors, of small requests and read-only ones work?")
def disk_kinds():
    Machine("msix", "virtio-blk,drive=disk,logical_block_size=4096,"
            "physical_block_size=4096",
            words=disk(), run=cases("disk_4k")).end()
    Machine("msix", "virtio-blk,drive=disk,seg-max-adjust=off,queue-size=4",
            words=disk(), run=cases("disk_bytes")).end()
    text = Machine("mmio", "virtio-blk,drive=disk", words=disk(readonly="on"),
                   run=cases("disk_readonly")).end()
    check(lines(text, "read-only"), "no word that it is read-only")


@case("does a disk whose medium fails give errors, and only that?")
def disk_errors():
    with open("rules", "w", encoding="utf-8") as f:
        f.write('[inject-error]\nevent = "read_aio"\nerrno = "5"\n'
                'immediately = "off"\nonce = "off"\n')
    words = disk()
    words[1] = "if=none,id=disk,file=blkdebug:rules:disk,format=raw"
    m = Machine("msix", "virtio-blk,drive=disk,werror=report,rerror=report",
                words=words, run=cases("disk_broken"))
    check("broken" not in m.end().replace("disk_broken", ""), "not the device's fault")


@case("is what the host changes, replaces and forbids noticed?")
def host_changes():
    words = share()
    with open("share/watched", "w", encoding="utf-8") as f:
        f.write("old")
    m = Machine("msix", P9, words=words, options="--share rw",
                run=cases("host_changes"))
    m.says("change it")
    with open("share/watched", "w", encoding="utf-8") as f:
        f.write("new text")
    m.says("replace it")
    with open("share/fresh", "w", encoding="utf-8") as f:
        f.write("other")
    os.rename("share/fresh", "share/watched")
    m.end()
    with open("share/watched", "w", encoding="utf-8") as f:
        f.write("old")
    Machine("msix", P9, words=words, options="--share ro",
            run=cases("host_readonly")).end()
    Machine("msix", P9, words=share(readonly="on"), options="--share ro",
            run=cases("host_readonly")).end()


# --- devices that are not there, or not for us ------------------------------------

@case("does a machine without devices boot without a word about them?")
def absent():
    for kind in ("mmio", "msix"):
        equal(Machine(kind).end(), "", f"console of {kind}")


@case("is a legacy device left out with one line?")
def legacy():
    def one(m, words):
        equal(len(lines(m.end(), words)), 1, f"lines with {words!r}")
    one(Machine("msix", "virtio-blk-pci,drive=disk,disable-modern=on", words=disk(),
                run="/bin/busybox test ! -e /dev/vda"), "legacy only")
    one(Machine("mmio", "virtio-blk,drive=disk", words=disk() + [
        "-global", "virtio-mmio.force-legacy=true"],
                run="/bin/busybox test ! -e /dev/vda"), "legacy only")


@case("is a transitional device used as the modern one that it is, too?")
def transitional():
    Machine("msix", "virtio-blk-pci,drive=disk,disable-modern=off,disable-legacy=off",
            words=disk(), run=cases("disk_bytes")).end()


@case("are devices of no driver, and ones behind bridges, left and found?")
def topology():
    text = Machine(
        "msix", "edu", "pci-testdev", "virtio-balloon-pci-non-transitional",
        "pcie-root-port,id=rp,slot=1", "pcie-root-port,id=empty,slot=2,chassis=2",
        "pcie-pci-bridge,id=br,bus=rp", "virtio-blk,drive=disk,bus=br,addr=3",
        words=disk(), run=cases("disk_bytes")).end()
    equal(len(lines(text, "pci")), 0, "lines about PCI")
    Machine("msix", "virtio-blk,drive=disk,addr=7.0,multifunction=on",
            "virtio-rng,addr=7.5", words=disk(),
            run=cases("disk_bytes", "entropy")).end()


@case("does a share that is asked for but not there stop the boot with a line?")
def share_missing():
    for devices, words in (((), []),
                           (("virtio-9p,fsdev=share,mount_tag=other",), share())):
        m = Machine("msix", *devices, words=words, options="--share rw")
        equal(m.process.wait(30), 0x11 << 1 | 1, "QEMU's status")
        m.reader.join()
        check("cannot mount the shared directory" in m.text, m.text)
    m = Machine("msix", P9, words=share(readonly="on"), options="--share rw")
    equal(m.process.wait(30), 0x11 << 1 | 1, "QEMU's status")
    m.reader.join()
    check("Read-only file system" in m.text, m.text)


# --- devices that break the rules (k_virtio.c) ---------------------------------------

def broken(name, question, device, words, line):
    def func():
        kind = "mmio" if name in ("virtio_silent", "virtio_9p_tag") else "msix"
        extra = share() if "9p" in name else words()
        m = Machine(kind, *device, words=extra, ktest=name)
        host = connect() if "port" in name else None
        text = m.end(30)
        del host
        check("ktest:" not in text, text)
        said = lines(text, "broken, left out from now on")
        equal(len(said), 1, "lines about the end")
        check(line in said[0], said[0])
    func.__name__ = name
    case(question)(func)


for _name, _question, _line in (
        ("lie_index", "a disk's used index jumps: is that its end?",
         "more is done than was asked for"),
        ("lie_number", "a disk is done with nothing we know: do waiters end?",
         "is no request's number"),
        ("lie_length", "a disk writes more than it may: do waiters end?",
         "more was written than there is room for"),
        ("lie_status", "a disk is done without a status: do waiters end?",
         "a request ended with status 255"),
        ("silent", "a disk that does not answer: does anybody wait for ever?",
         "it is silent"),
        ("ones", "a disk whose registers read as ones: is that its end?",
         "its status reads as ones"),
        ("needs_reset", "a disk that asks for a reset: is that its end?",
         "needs a reset"),
        ("size_ones", "a disk's size becomes ones: is that its end?",
         "its size is impossible"),
        ("unsettled", "a configuration that never settles: is it given up?",
         "its size is impossible")):
    broken("virtio_" + _name, _question, ["virtio-blk,drive=disk"], disk, _line)
broken("virtio_rng_dead", "broken entropy: do reads end, and does random go on?",
       ["virtio-rng"], list, "more is done than was asked for")
broken("virtio_port_dead", "broken console: do its readers and writers end?",
       SERIAL, lambda: PORT, "is no request's number")
broken("virtio_net_dead", "broken network: do reads and writes end?",
       ["virtio-net,netdev=n"], lambda: ["-netdev", "user,id=n,restrict=on"],
       "queue 0: ")
for _name, _question, _line in (
        ("tag", "an answer with another tag: is that the server's end?",
         "no answer to 24"),
        ("type", "an answer of another type: is that the server's end?",
         "no answer to 24"),
        ("size", "an answer longer than it is: is that the server's end?",
         "no answer to 24"),
        ("short", "an answer without its end: is that the server's end?",
         "an answer to 24 is cut off"),
        ("silent", "a server that is silent: does anybody wait for ever?",
         "it is silent")):
    broken("virtio_9p_" + _name, _question, [P9], share, _line)

main()
