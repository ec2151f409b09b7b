#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The vkernel as a program: options, images, statuses, its life and death."""
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import (ROOT, TOP, VKERNEL, VKERNEL_TEST, case, check, equal, fail,
                 main, one_line, run, skip, start, vkernel, wait_for)


def refused(argv, *words):
    """argv must end with status 2 and one line that has the words in it."""
    status, out, err = run(argv, seconds=20)
    equal(status, 2, f"status of {argv}")
    line = one_line(out.lstrip() + err)
    for w in words:
        check(w in line, f"{w!r} is not in {line!r}")


# --- options ----------------------------------------------------------------

@case("does an unknown option say so?")
def unknown_option():
    refused([VKERNEL, "--nonesuch"], "--nonesuch", "--help")
    refused([VKERNEL, "-z"], "-z")
    refused([VKERNEL, "stray"], "stray")
    refused([VKERNEL, ""], "unknown option")


@case("does an option without its value say so?")
def missing_value():
    for letter, name in (("-m", "--memory"), ("-n", "--cpus"), ("-s", "--share"),
                         ("-i", "--initramfs"), ("-k", "--set")):
        refused([VKERNEL, letter], name, "needs a value")
        refused([VKERNEL, name], name, "needs a value")
    refused([VKERNEL, "-i", ROOT, "--"], "without a program")
    refused([VKERNEL, "--help=x"], "--help", "no value")


@case("is a bad memory size refused?")
def bad_memory():
    for v in ("0", "1K", "99T", "abc", "", "-1", "-1M", "12.5M", "256MM",
              "33G", "999999999999999999999999", "15M"):
        refused([VKERNEL, "-i", ROOT, "--memory", v], "--memory")


@case("is a bad number of CPUs refused?")
def bad_cpus():
    for v in ("0", "9", "-1", "abc", "", "2x", "99999999999999999999"):
        refused([VKERNEL, "-i", ROOT, "--cpus", v], "--cpus")


@case("is a bad shared directory refused?")
def bad_share():
    refused([VKERNEL, "-i", ROOT, "--share", "/no/such/dir"], "/no/such/dir")
    refused([VKERNEL, "-i", ROOT, "--share", ROOT], "--share")


@case("does --help print the options and end with 0?")
def help_exits_0():
    for flag in ("--help", "-h"):
        status, out, err = run([VKERNEL, flag])
        equal((status, err), (0, ""), "status, stderr")
        for option in ("--memory", "--cpus", "--initramfs", "--share", "--"):
            check(option in out, f"{option} is not in the help")


@case("does it say that it needs a root?")
def no_initramfs():
    refused([VKERNEL], "--initramfs")


def image(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return name


def root_bytes():
    with open(ROOT, "rb") as f:
        return f.read()


def header_in_the_middle(whole):
    """The offset of an entry's header near the middle of an archive."""
    at = 0
    while at < len(whole) // 2:
        equal(whole[at:at + 6], b"070701", f"magic at {at}")
        size, name = (int(whole[at + o:at + o + 8], 16) for o in (54, 94))
        at = (at + 110 + name + 3) & ~3
        at = (at + size + 3) & ~3
    return at


@case("is a missing root image, a directory or a device refused?")
def initramfs_no_file():
    refused([VKERNEL, "-i", "/no/such/file"], "/no/such/file", "No such file")
    refused([VKERNEL, "-i", "/"], "/", "regular file")
    refused([VKERNEL, "-i", "/dev/null"], "/dev/null", "regular file")


@case("is an empty root image refused?")
def initramfs_empty():
    refused([VKERNEL, "-i", image("empty", b"")], "initramfs")


@case("is a root image that ends too early refused, wherever it ends?")
def initramfs_truncated():
    whole = root_bytes()
    end = whole.rindex(b"TRAILER!!!") - 110
    for n in (1, 5, 6, 109, 110, 111, 1000, end // 3, end // 2, end - 1, end,
              end + 50, end + 115):
        refused([VKERNEL, "-i", image("cut", whole[:n])], "initramfs")


@case("is garbage as a root image refused?")
def initramfs_garbage():
    rnd = random.Random(1)
    refused([VKERNEL, "-i", image("rnd", rnd.randbytes(100000))], "initramfs")
    refused([VKERNEL, "-i", image("zero", bytes(100000))], "initramfs")
    refused([VKERNEL, "-i", image("elf", open(VKERNEL, "rb").read())],
            "initramfs")


@case("is a root image with a bad magic in the middle refused?")
def initramfs_bad_magic():
    whole = root_bytes()
    at = header_in_the_middle(whole)
    refused([VKERNEL, "-i",
             image("magic", whole[:at] + b"07x701" + whole[at + 6:])],
            "initramfs")


@case("is a root image with a bad number in a header refused?")
def initramfs_bad_header():
    whole = root_bytes()
    at = header_in_the_middle(whole)
    for field in (6, 11, 12):  # file size, name size (from 0: inode), check
        off = at + 6 + 8 * field
        for bad in (b"ffffffff", b"zzzzzzzz"):
            data = whole[:off] + bad + whole[off + 8:]
            status, out, err = run([VKERNEL, "-i", image("head", data), "--",
                                    "/bin/true"], seconds=20)
            check(status in (0, 2), f"status {status}, field {field} {bad}")
            check("panic" not in out + err, f"field {field} {bad}: panic")


# --- running ----------------------------------------------------------------

@case("does it boot with the least memory, or say why not?")
def little_memory():
    status, out, err = vkernel("-m", "16M", "--", "/bin/echo", "alive",
                               seconds=30)
    if status == 0:
        equal(out, "alive\n", "output")
    else:
        check("panic" not in out + err and "memory" in out + err,
              f"status {status} without a reason")


@case("does it leave with the status of the program it ran?")
def exit_status():
    for cmd, want in ((["/bin/true"], 0), (["/bin/false"], 1),
                      (["/bin/sh", "-c", "exit 42"], 42),
                      (["/bin/sh", "-c", "exit 255"], 255),
                      (["/bin/sh", "-c", "kill -TERM $$"], 128 + 15),
                      (["/bin/sh", "-c", "kill -KILL $$"], 128 + 9),
                      (["/bin/sh", "-c", "kill -SEGV $$"], 128 + 11)):
        equal(vkernel("--", *cmd)[0], want, f"status of {cmd}")


@case("is a program that cannot run told by 127 or 126 and its name?")
def exit_status_missing():
    for cmd, want in (("/no/such/program", 127), ("/etc", 126),
                      ("/etc/passwd", 126)):
        status, out, err = vkernel("--", cmd)
        equal(status, want, f"status of {cmd}")
        check(cmd in out + err, f"{cmd} is not named")


@case("do the program's arguments arrive as given?")
def arguments():
    args = ["", "a b", "-x", "--", "t\tn\n", "\u00e9", "x" * 3000]
    status, out, _ = vkernel("--", "/bin/sh", "-c",
                             'echo $#; for a; do printf "[%s]" "$a"; done',
                             "sh", *args, show=False)
    equal((status, out), (0, "7\n" + "".join(f"[{a}]" for a in args)),
          "status, output")


@case("does it run for an ordinary user?")
def ordinary_user():
    script = "id -u; touch /tmp/x && ls /tmp; exit 5"
    cmd = ["-i", "root.cpio", "--", "/bin/sh", "-c", script]
    if os.getuid() != 0:
        status, out, _ = vkernel(*cmd[2:])
    else:
        if shutil.which("setpriv") is None:
            skip("no setpriv here")
        # What it needs, where everybody may look.
        with tempfile.TemporaryDirectory(dir="/tmp") as d:
            os.chmod(d, 0o755)
            shutil.copy(VKERNEL, d + "/vkernel")
            shutil.copy(ROOT, d + "/root.cpio")
            os.chmod(d + "/root.cpio", 0o644)
            status, out, _ = run(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                 "--no-new-privs", "./vkernel", *cmd], cwd=d)
    equal((status, out), (5, "0\nx\n"), "status, output")


@case("do commands on a pipe reach the interactive shell?")
def stdin_pipe():
    status, out, _ = vkernel(
        input="echo sum $((20 + 3))\nls /bin/busybox\nexit 9\n", seconds=20)
    check("sum 23" in out and "/bin/busybox" in out, "no answer")
    equal(status, 9, "status")


@case("does the shell end when the input does?")
def stdin_ends():
    status, out, _ = vkernel(input="echo only\n", seconds=20)
    check("only" in out, "no answer")
    equal(status, 0, "status")
    equal(vkernel(seconds=20)[0], 0, "status with nothing to read")


@case("does a megabyte on a pipe arrive whole?")
def stdin_megabyte():
    text = "".join(f"line {i}\n" for i in range(80000))
    status, out, _ = vkernel("--", "/bin/sh", "-c", "stty -echo; md5sum",
                             input=text, seconds=60, show=False)
    want = hashlib.md5(text.encode()).hexdigest()
    equal((status, out[-36:]), (0, want + "  -\n"), "status, output")


@case("does a megabyte of output arrive whole?")
def stdout_megabyte():
    status, out, _ = vkernel("--", "/bin/sh", "-c", "seq 1 150000",
                             show=False)
    check((status, out) == (0, "".join(f"{i}\n" for i in range(1, 150001))),
          f"status {status}, {len(out)} characters")


@case("does a stub get no descriptor of the caller's?")
def stub_descriptors():
    r, w = os.pipe()
    p = start([VKERNEL, "-i", ROOT, "--", "/bin/sleep", "1000"], stdout=subprocess.DEVNULL,
              pass_fds=(w,))
    try:
        os.close(w)
        ram = wait_for("guest memory", lambda: ram_of(p.pid))
        stubs = wait_for("stubs", lambda: stubs_of(ram))
        time.sleep(0.2)
        for pid in stubs:
            fds = {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}")
                   for fd in os.listdir(f"/proc/{pid}/fd")}
            equal(sorted(fds), [3, 4], f"descriptors of stub {pid} ({fds})")
            check("mayfly-ram" in fds[3] and "mayfly-kshm" in fds[4], f"{fds}")
            with open(f"/proc/{pid}/fdinfo/4", encoding="ascii") as f:
                flags = int(re.search(r"flags:\s*(\d+)", f.read()).group(1), 8)
            equal(flags & os.O_ACCMODE, os.O_RDONLY, "rights to the segment")
    finally:
        p.kill()
        p.wait()
        os.close(r)


@case("do two of them run at once?")
def two_at_once():
    cmd = [VKERNEL, "-i", ROOT, "--", "/bin/sh", "-c",
           "seq 1 20000 | md5sum; echo $1 >/tmp/me; sleep 1; cat /tmp/me", "sh"]
    ps = [start(cmd + [str(i)],
                stdout=subprocess.PIPE)
          for i in (1, 2)]
    outs = [p.communicate(timeout=60)[0] for p in ps]
    for i, (p, out) in enumerate(zip(ps, outs), 1):
        equal((p.returncode, out),
              (0, f"{outs[0].split()[0]}  -\n{i}\n"), "status, output")


# --- death ------------------------------------------------------------------

def ram_of(pid):
    """The identity of the guest memory of vkernel pid, or None."""
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            path = f"/proc/{pid}/fd/{fd}"
            if os.readlink(path).startswith("/memfd:mayfly-ram"):
                st = os.stat(path)
                return (st.st_dev, st.st_ino)
    except OSError:
        pass
    return None


def stubs_of(ram):
    """Every process but a vkernel that holds that memory."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
                if not f.read().startswith("memfd:mayfly"):
                    continue
            if ram_of(pid) == ram:
                found.append(int(pid))
        except OSError:
            pass
    return found


def files_of(pid):
    """Files under /tmp and /dev/shm that it opened or mapped, not we."""
    names = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        if int(fd) > 2:
            names.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
        names |= {l.split(None, 5)[-1].strip() for l in f if "/" in l}
    return {n for n in names if n.startswith(("/tmp/", "/dev/shm/")) and
            not n.startswith((os.getcwd(), os.path.dirname(VKERNEL)))}


BUSY = ("while :; do seq 1 300 | sort -r | md5sum >/tmp/x & "
        "(echo a | cat) >/dev/null; wait; done")


@case("does killing it at any moment leave no process and no file?",
      timeout=300)
def sigkill_leaves_nothing():
    rnd = random.Random(20)
    seen = 0
    before = set(os.listdir("/tmp")) | set(os.listdir("/dev/shm"))
    for i in range(20):
        p = start([VKERNEL, "-i", ROOT, "--", "/bin/sh", "-c", BUSY],
                  stdout=subprocess.DEVNULL)
        ram = wait_for("guest memory", lambda: ram_of(p.pid))
        delay = rnd.uniform(0, 0.6)
        time.sleep(delay)
        check(not files_of(p.pid), f"open files: {files_of(p.pid)}")
        seen += len(stubs_of(ram))
        p.send_signal(signal.SIGKILL)
        p.wait(10)
        wait_for(f"stubs gone after a kill at {delay:.3f} s",
                 lambda: not stubs_of(ram), 1.0)
    after = set(os.listdir("/tmp")) | set(os.listdir("/dev/shm"))
    left = {n for n in after - before if "mayfly" in n or "vkernel" in n}
    check(not left, f"files left: {left}")
    check(seen > 0, "no stub was ever seen: the test sees nothing")
    print(f"20 kills, {seen} stubs seen alive before")


@case("does SIGTERM end it and its stubs?")
def sigterm_ends_it():
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        p = start([VKERNEL, "-i", ROOT, "--", "/bin/sh", "-c", BUSY],
                  stdout=subprocess.DEVNULL)
        ram = wait_for("guest memory", lambda: ram_of(p.pid))
        wait_for("stubs", lambda: len(stubs_of(ram)) > 2)
        p.send_signal(sig)
        equal(p.wait(5), 128 + sig, f"status after signal {sig}")
        wait_for("stubs gone", lambda: not stubs_of(ram), 1.0)


def cpu_ticks(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return sum(map(int, f.read().rpartition(")")[2].split()[11:13]))
    except OSError:
        return 0


@case("does killing one stub end that guest process only?")
def stub_killed():
    p = start(
        [VKERNEL, "-i", ROOT, "--", "/bin/sh", "-c",
         "sh -c 'echo started; while :; do :; done'; echo status $?; "
         "seq 3 | wc -l; sh -c 'echo another'; exit 7"], stdout=subprocess.PIPE)
    try:
        equal(p.stdout.readline(), "started\n", "first line")
        ram = ram_of(p.pid)
        stubs = stubs_of(ram)
        # The one that spins is the guest process that was just started.
        ticks = {pid: cpu_ticks(pid) for pid in stubs}
        wait_for("a stub that runs", lambda: any(
            cpu_ticks(pid) - ticks[pid] >= 10 for pid in stubs))
        victim = max(stubs, key=lambda pid: cpu_ticks(pid) - ticks[pid])
        os.kill(victim, signal.SIGKILL)
        out, _ = p.communicate(timeout=20)
        equal((p.returncode, out), (7, "Killed\nstatus 137\n3\nanother\n"),
              "status, output")
    finally:
        if p.poll() is None:
            p.kill()


@case("does it end with a word when its stubs are killed, again and again?")
def every_stub_killed():
    p = start([VKERNEL, "-i", ROOT, "--", "/bin/sh", "-c", BUSY], stdout=subprocess.PIPE)
    try:
        ram = wait_for("guest memory", lambda: ram_of(p.pid))
        end = time.monotonic() + 15
        while p.poll() is None:
            for pid in stubs_of(ram):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
            check(time.monotonic() < end, "it goes on without any stub")
        out = p.stdout.read()
        print(out)
        # The shell was killed, or init: then the kernel cannot go on.
        if "panic" in out:
            check("init cannot run" in out, "another panic")
            equal(p.returncode, 134, "status")
        else:
            check(p.returncode in (2, 128 + 9), f"status {p.returncode}")
        check(not stubs_of(ram), "stubs left")
    finally:
        if p.poll() is None:
            p.kill()


# --- seeing inside ----------------------------------------------------------

@case("does a panic print where, with names, and leave with 134?")
def panic_stack():
    status, out, err = run([VKERNEL_TEST, "-i", ROOT, "-k",
                            "ktest=canary_panic"], seconds=30)
    equal(status, 134, "status")
    check("panic: " in out + err, "no panic line")
    check("#1 " in out and "ktest_canary_panic+" in out, "no names in the stack")


@case("does gdb list the guest's processes and threads of a running vkernel?")
def gdb_threads():
    if shutil.which("gdb") is None:
        skip("no gdb here")
    p = start([VKERNEL, "-i", ROOT, "--", "/bin/sh", "-c",
              "sleep 1000 & echo up; wait"], stdout=subprocess.PIPE)
    try:
        equal(p.stdout.readline(), "up\n", "first line")
        time.sleep(0.3)
        _, out, err = run(["gdb", "-q", "-batch", "-nx", "-p", str(p.pid),
                           "-x", TOP + "/ci/gdb/mayfly.py", "-ex", "threads",
                           "-ex", "ps"], seconds=60)
        if "ptrace: Operation not permitted" in err:
            skip("gdb may not attach here")
        check("THREAD" in out and "idle" in out, "no thread list")
        rows = [l.split() for l in out.splitlines()]
        check(any(r[-1:] == ["sh"] and r[:1] == ["2"] for r in rows),
              "the shell is not in the process list")
        check(p.poll() is None, "gdb ended it")
    finally:
        p.kill()
        p.wait()


@case("are refused calls counted by name?")
def syscall_failures():
    status, out, _ = vkernel("--", "/bin/sh", "-c",
                             "cat /nowhere; /sbin/sysctl kern.syscall_failures")
    equal(status, 0, "status")
    check("\nlinux64 openat 1\n" in "\n" + out.replace(": ", ":\n"),
          "openat of /nowhere is not counted")


@case("does a root that is not there stop the boot with one line?")
def root_missing():
    status, out, err = vkernel("--set", "init.root=/nowhere", "--", "true")
    equal(status, 127, "status")
    check("init: cannot make /nowhere (init.root) the root" in out + err,
          "nobody is told")


main()
