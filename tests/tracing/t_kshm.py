#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The shared segment from outside: who may attach and how, what it says, and
what is left of it when the kernel has ended."""
import mmap
import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import (BUILD, MACHINE, TIER, PC64, ROOT, TOP, VKERNEL, VKERNEL_TEST,
                 case, check, equal, fail, main, run, skip, start, wait_for)

KSHM = BUILD + "/kshm"
KTRDUMP = BUILD + "/ktrdump"
FD = 101        # KSHM_FD of sys/kshm_abi.h
FOREVER = ("--", "/bin/sh", "-c", "echo ready; sleep 1000")


def kernel(*options, command=FOREVER, file=None):
    """A running machine, after it said that it is ready."""
    argv = [VKERNEL] if MACHINE == "vkernel" else [PC64, "--tier", TIER]
    if file is None and MACHINE == "pc64":
        file = os.path.abspath("ram")
    if file is not None:
        argv += ["--kshm", file]
    p = start([*argv, "-i", ROOT, *options, *command],
              stdout=subprocess.PIPE)
    if command is FOREVER:
        line = p.stdout.readline()
        check("ready" in line, f"it said {line!r}")
    p.where = str(p.pid) if MACHINE == "vkernel" else file
    return p


def kshm(*args, status=0):
    got, out, err = run([KSHM, *args], show=False)
    equal(got, status, f"status of kshm {args}: {err}")
    return out if status == 0 else err


def info(where):
    return dict(line.split(None, 1) for line in
                kshm("info", where).splitlines() if len(line.split()) > 1)


def value(where, path):
    """A value of an object, or its members as a dictionary."""
    rows = [line.split(" = ", 1) for line in
            kshm("cat", where, path).splitlines()]
    return rows[0][1] if rows[0][0] == "value" else dict(rows)


def objects(where):
    """[(path, class, size, count, type)]"""
    rows = []
    for line in kshm("ls", where).splitlines():
        path, how, _, size, _, count, kind = line.split(None, 6)
        rows.append((path, how, int(size), int(count), kind))
    return rows


# --- doors --------------------------------------------------------------------

@case("can a kernel be attached to by its process, and by its name?",
      machine="vkernel")
def by_pid_and_name():
    name = f"kshm-test-{os.getpid()}"
    p = kernel("-k", f"kshm.name={name}")
    a, b = info(p.where), info(name)
    equal(a["boot"], b["boot"], "boot id by name")
    equal((a["state"], a["name"], a["machine"]),
          ("running", name, "vkernel"), "what it is")
    kshm("info", "no-kernel-has-this-name", status=1)


@case("is the segment of a PC found in its RAM, while it runs?",
      machine="pc64")
def in_ram():
    p = kernel()
    a = info(p.where)
    equal((a["state"], a["machine"]), ("running", "pc64"), "what it is")
    qemu = run(["pgrep", "-P", str(p.pid)], show=False)[1].split()[0]
    equal(info(qemu)["boot"], a["boot"], "boot id by QEMU's process")


@case("does another user get EACCES?", machine="vkernel")
def other_user():
    p = kernel()
    if os.getuid() != 0:
        return
    def drop():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    status, _, err = run(["/usr/bin/head", "-c", "8",
                          f"/proc/{p.pid}/fd/{FD}"], preexec_fn=drop)
    check(status == 1 and "Permission denied" in err, f"{status}: {err}")


@case("is there no way to a writable mapping for its own user?",
      machine="vkernel")
def no_write():
    p = kernel()
    path = f"/proc/{p.pid}/fd/{FD}"
    fd = os.open(path, os.O_RDWR)
    try:
        mmap.mmap(fd, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        fail("it can be mapped writable")
    except PermissionError:
        pass
    try:
        os.pwrite(fd, b"x", 0)
        fail("it can be written")
    except PermissionError:
        pass
    os.close(fd)
    # And a store into a read-only mapping is a fault, not a change.
    script = ("import ctypes,mmap,os,sys\nfd=os.open(sys.argv[1],os.O_RDONLY)\n"
              "libc=ctypes.CDLL(None)\nlibc.mmap.restype=ctypes.c_void_p\n"
              "a=libc.mmap(None,4096,1,1,fd,0)\nctypes.memset(a,0,1)\n")
    status, _, _ = run([sys.executable, "-I", "-c", script, path])
    equal(status, 128 + signal.SIGSEGV, "status of a store")
    equal(info(p.where)["state"], "running", "state")


@case("is what is no segment told so?")
def not_a_segment():
    with open("junk", "wb") as f:
        f.write(os.urandom(100000))
    check("no trace segment" in kshm("info", "./junk", status=1), "junk")
    with open("short", "wb") as f:
        f.write(b"MAYKSHM1" + b"\1\0\0\0" + b"\0" * 5000)
    kshm("info", "./short", status=1)
    kshm("info", "./nothing", status=1)
    check("no Mayfly kernel" in kshm("info", str(os.getpid()), status=1),
          "ourselves")


@case("does a damaged segment only spoil itself?")
def damaged():
    p = kernel("-k", "ktr=*")
    kshm("save", p.where, "saved")
    with open("saved", "rb") as f:
        good = f.read()
    for i in range(0, 4096, 8):
        for patch in (b"\xff" * 8, b"\x01\0\0\0\0\x10\0\0"):
            with open("bad", "wb") as f:
                f.write(good[:i] + patch + good[i + 8:])
            for tool in ([KSHM, "ls", "./bad"], [KTRDUMP, "-n", "3", "./bad"]):
                status = run(tool, show=False)[0]
                check(status in (0, 1), f"{tool} at {i}: {status}")
        if i >= 512:    # the rest are extents that are not used
            break


# --- objects --------------------------------------------------------------------

@case("does a reader that knows no structure agree with DWARF about every "
      "object?")
def blind():
    p = kernel()
    elf = VKERNEL if MACHINE == "vkernel" else BUILD + "/pc64-kernel.elf"
    types = {}
    for path, _, size, _, kind in objects(p.where):
        types.setdefault(kind, (path, size))
    check(len(types) >= 8, f"few types: {types}")
    env = dict(os.environ, TYPES="\n".join(types))
    status, out, err = run(
        ["gdb", "-q", "-nx", "-batch", elf, "-ex", "source " + TOP +
         "/tests/tracing/gdb_layout.py"], env=env, show=False)
    equal(status, 0, "gdb: " + err)
    want, now = {}, None
    for line in out.splitlines():
        if line.startswith("type "):
            now = want.setdefault(line[5:], [])
        elif now is not None and line[:1].isdigit():
            now.append(line)
    leaves = 0
    for kind, (path, _) in types.items():
        got = kshm("layout", p.where, path).splitlines()
        check(got == want[kind], f"{kind}: " + str(
            [x for x in zip(got, want[kind]) if x[0] != x[1]][:5]))
        leaves += len(got)
    print(f"{len(types)} types, {leaves} leaves")


@case("does it print the values that gdb finds in the stopped kernel?",
      machine="vkernel")
def blind_values():
    p = kernel()
    kshm("save", p.where, "saved")      # offsets do not change
    with open("saved", "rb") as f:
        data = f.read()
    paths = {}
    for path, how, size, count, kind in objects(p.where):
        at = data.index(path.encode() + b"\0")
        offset = int.from_bytes(data[at + 104:at + 112], "little")
        if count == 1 and how != "ring" and "cpu1" not in path:
            paths[f"{offset} {kind}"] = path
    check(len(paths) > 100, f"{len(paths)} objects")
    cat = "; ".join(f"echo object {o}; {KSHM} cat {p.where} {path}"
                    for o, path in paths.items())
    with open("cat.sh", "w", encoding="ascii") as f:
        f.write(cat + "\n")
    env = dict(os.environ, OBJECTS="\n".join(paths), KSHM_CAT="sh cat.sh")
    status, out, err = run(
        ["gdb", "-q", "-nx", "-batch", "-p", p.where, "-ex", "source " + TOP +
         "/tests/tracing/gdb_values.py"], env=env, show=False)
    if "Could not attach" in err or "Operation not permitted" in err:
        skip("nobody may attach a debugger here")
    equal(status, 0, "gdb: " + err)
    theirs, _, ours = out[out.index("object "):].partition("now kshm\n")
    ours = [x for x in ours.splitlines()
            if ' = "' not in x and (" = " in x or x.startswith("object "))]
    theirs = [x for x in theirs.splitlines()
              if " = " in x or x.startswith("object ")]
    wrong = [x for x in zip(theirs, ours) if x[0] != x[1]]
    check(not wrong and len(theirs) == len(ours),
          f"{len(theirs)} and {len(ours)} values: {wrong[:5]}")
    print(f"{len(paths)} objects, {len(theirs) - len(paths)} values")


@case("can every object be read, and do its bytes make sense?")
def all_objects():
    p = kernel()
    rows = objects(p.where)
    check(len(rows) > 100, f"{len(rows)} objects")
    equal(len({r[0] for r in rows}), len(rows), "different paths")
    kshm("cat", p.where, *[r[0] for r in rows])
    total = int(value(p.where, "vm.pages.total"))
    free = int(value(p.where, "vm.pages.free"))
    check(0 < free < total < 1 << 20, f"{free} of {total} pages")
    cpu = value(p.where, "lwkt.cpu1")
    equal((cpu["c_id"], cpu["c_self"] != "0x0"), ("1", True), "cpu 1")
    names = kshm("cat", p.where, "lwkt.threads")
    for n in ("idle/0", "idle/1", "init"):
        check(f'ts_name = "{n}"' in names, f"no thread {n}")
    check('z_label = "thread"' in kshm("cat", p.where, "mem.zones"), "zones")


# --- the end ----------------------------------------------------------------------

@case("does what the kernel said last survive its panic?", machine="vkernel")
def panic():
    run([VKERNEL_TEST, "--kshm", os.path.abspath("seg"), "-i", ROOT, "-k",
         "ktr=*", "-k", "ktest=canary_panic"])
    a = info("./seg")
    equal(a["state"], "panicked", "state")
    check(len(a["panic"]) > 3, "no message")
    out = run([KTRDUMP, "-t", "1", "./seg"])[1]
    check("MACHINE.panic" in out, "the last event is not the panic")
    # What was saved is the same.
    kshm("save", "./seg", "saved")
    equal(kshm("info", "./saved"), kshm("info", "./seg"), "saved")
    equal(run([KTRDUMP, "./saved"], show=False)[1],
          run([KTRDUMP, "./seg"], show=False)[1], "events saved")


@case("does what the PC's kernel said last survive its panic?",
      machine="pc64")
def panic_pc64():
    run([PC64, "--tier", TIER, "--kernel", BUILD + "/pc64-test.elf", "--kshm",
         os.path.abspath("ram"), "-i", ROOT, "-k", "ktr=*", "-k",
         "ktest=canary_panic"])
    a = info("./ram")
    equal(a["state"], "panicked", "state")
    out = run([KTRDUMP, "-t", "1", "./ram"])[1]
    check("MACHINE.panic" in out, "the last event is not the panic")


@case("are a kernel's last events there after it was killed?",
      machine="vkernel")
def killed():
    p = kernel("-k", "ktr=*", file=os.path.abspath("seg"))
    p.kill()
    p.wait()
    equal(info("./seg")["state"], "running", "state")
    check("SYSCALL.enter" in run([KTRDUMP, "./seg"], show=False)[1],
          "no events")


@case("do a reader that polls and a kernel that writes lose nothing uncounted?",
      timeout=300)
def stress():
    n = 20000000 if MACHINE == "vkernel" else 2000000
    p = kernel("-k", "ktr=TEST.bench", command=(
        "--", "/bin/sh", "-c", "sleep 0.3; /sbin/sysctl "
        f"kern.ktr.bench={n} kern.ktr.bench"))
    where = p.where
    def there():
        return run([KSHM, "info", where], show=False)[0] == 0
    wait_for("the segment", there)
    reader = start([BUILD + "/tests/tracing/ring_reader", where],
                   stdout=subprocess.PIPE)
    out = reader.communicate(timeout=280)[0]
    print(out, p.communicate()[0])
    equal(reader.returncode, 0, "torn or uncounted records")
    rows = [line.split() for line in out.splitlines()]
    equal(sum(int(r[r.index("head") + 1]) for r in rows), n, "events written")
    check(any(int(r[r.index("bench") + 1]) > 0 for r in rows), "nothing seen")


main()
