#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Machines that a template makes (vkernel --template), and the proxy's use of them."""
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../../harness")
from atf import BUILD, TOP, case, check, equal, main, run, skip, start, wait_for
from template import Template

ROOT = BUILD + "/initramfs-test.cpio"
FROM = re.compile(r"^from a snapshot, process (\d+)$", re.M)
NOT_FROM = re.compile(r"^no snapshot \((.*)\): it boots$", re.M)

# --- a template by hand ------------------------------------------------------------


def root_template(*options):
    return Template("root", "-i", ROOT, *options)


def shell(template, script, *options):
    return template.ask(*options, "--", "/bin/sh", "-c", script).run()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def parent(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


@case("do the machines of a template share nothing that is theirs alone?")
def own():
    t = root_template()
    ask = "cat /proc/sys/kernel/random/boot_id; head -c 8 /dev/urandom | od -x; " \
        "echo $RANDOM >/tmp/f; cat /tmp/*"
    a, b = t.ask("--", "/bin/sh", "-c", f"sleep 0.3; {ask}"), \
        t.ask("--", "/bin/sh", "-c", f"{ask}; echo only here >/tmp/g; sleep 0.5")
    a, b = a.run(), b.run()
    check("only here" not in a, "one sees the other's file")
    for x, y in zip(a.split("\n")[:2], b.split("\n")[:2]):
        check(x != y, f"both have {x!r}")


@case("does a machine's clock begin with it, and tell the host's time of day?")
def clock():
    t = root_template()
    t.ask("--", "/bin/true").run()
    time.sleep(1.5)
    before = int(time.time())
    up, day = shell(t, "cat /proc/uptime; date +%s").split("\n")[:2]
    check(float(up.split()[0]) < 1.4, f"uptime {up}")
    check(before <= int(day) <= int(time.time()) + 1, f"{day}, not {before}")


@case("has a machine the options of its own command?")
def options():
    t = root_template("-k", "ktr.tail=3")
    equal(shell(t, "nproc", "-n", "3").strip(), "3", "CPUs")
    equal(shell(t, "nproc", "-n", "1").strip(), "1", "CPUs")
    equal(shell(t, "nproc").strip(), "2", "CPUs")
    text = shell(t, "exec /tests/h_pipe pipe_eof", "-k", "fault.ppm=1")
    check("fault: " in text, "no plan of failures")
    check("fault: " not in shell(t, "true"), "another's plan of failures")


@case("is what the template has not booted with refused?")
def refused():
    t = root_template()
    for words, why in ((["-m", "128M"], "the template has the options"),
                       (["-k", "ktr=*"], "the template has the options"),
                       (["-D", "1"], "the template has the options"),
                       (["--nonsense"], "unknown option")):
        status, text = t.ask(*words, "--", "/bin/true").end()
        equal(status, 2, f"status of {words}")
        check(why in text, f"{words}: {text!r}")
    # And a template is none the worse for it.
    t.ask("--", "/bin/true").run()


@case("are garbage and short requests harmless?")
def garbage():
    t = root_template()
    for text in (b"", b"x", b"\0", b"vkernel\0-i", b"y" * 16384):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as c:
            c.connect(t.name)
            c.send(text)
            c.settimeout(30)
            equal(c.recv(100), b"", "answer")
    t.ask("--", "/bin/true").run()


@case("does a share lead to the directory of the one who asked?")
def share():
    t = Template("kernel", "-i", ROOT)
    for name in ("one", "two"):
        os.mkdir(name)
    for name in ("one", "two"):
        t.ask("-s", ".", "-k", "ktest=host_names", cwd=name).run()


@case("do machines die with who asked for them, and with the template?")
def deaths():
    t = root_template()
    words = ["--", "/bin/sh", "-c", "echo up; sleep 1000"]
    a, b, c = (t.ask(*words) for _ in range(3))
    for m in (a, b, c):
        equal(os.read(m.out, 100).decode().strip(), "up", "output")
    stubs = {m: [p for p in os.listdir("/proc") if p.isdigit() and
                 alive(p) and parent(p) == m.pid] for m in (a, b, c)}
    check(all(stubs.values()), "a machine without stubs")
    a.conn.close()
    wait_for("the end of a", lambda: not alive(a.pid))
    b.conn.shutdown(socket.SHUT_WR)
    equal(os.waitstatus_to_exitcode(b.answer("status")), -signal.SIGKILL, "status")
    check(alive(c.pid), "another one died")
    t.process.kill()
    wait_for("the end of c", lambda: not alive(c.pid))
    for p in sum(stubs.values(), []):
        wait_for("the end of a stub", lambda p=p: not alive(p))


# --- the proxy ---------------------------------------------------------------------

def proxy(program, name, snapshot=True, of=None, **variables):
    """The output of a case, run as kyua would."""
    env = {**os.environ, "MAYFLY_BUILD": BUILD, "MAYFLY_TOP": TOP,
           "MAYFLY_SNAPSHOT": "yes" if snapshot else "no",
           "MAYFLY_RUN": str(of or os.getpid())}
    env.update({f"MAYFLY_{k.upper()}": v for k, v in variables.items()})
    r = subprocess.run([f"{BUILD}/tests/{program}", "-r", "result", name], env=env,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, errors="replace",
                       check=False)
    with open("result", encoding="utf-8") as f:
        result = f.read()
    made = FROM.search(r.stdout) is not None
    equal(made, snapshot, f"{program}:{name}: from a snapshot")
    out = FROM.sub("", NOT_FROM.sub("", r.stdout))
    return result, r.returncode, out


CASES = (("kern/k_lwkt", "sleep_timeout"), ("kern/k_canary", "canary_fail"),
         ("kern/k_canary", "canary_null"), ("guest/h_pipe", None),
         ("guest/h_canary", None), ("guest/n_kqueue", "modes"),
         ("guest/h_file", None), ("vfs/k_vfs_host", None))


def chosen():
    for program, name in CASES:
        with open(f"{BUILD}/tests/{program}.cases", encoding="utf-8") as f:
            names = [line.split("|")[1] for line in f
                     if line.split("|")[2] not in ("hang", "leak")]
        yield from ((program, n) for n in names[:6] if name in (None, n))


# Times, the host's numbers, what the other CPUs did at a panic.
PASSING = re.compile(r"^machine .*|^cpu \d+ ran .*\n(?: +#.*\n)*|0x[0-9a-f]+|\b\d+ ns\b",
                     re.M)


@case("does a case give the same output from a snapshot as from a boot?", timeout=300)
def same_output():
    count = 0
    for program, name in chosen():
        a, b = (proxy(program, name, s, trace="0") for s in (True, False))
        equal([PASSING.sub("", x) if isinstance(x, str) else x for x in a],
              [PASSING.sub("", x) if isinstance(x, str) else x for x in b],
              f"{program}:{name} from a snapshot")
        count += 1
    print(count, "cases")
    check(count >= 15, "few cases")


@case("has a case with a seed the same events from a snapshot as from a boot?",
      timeout=300)
def same_events():
    count = 0
    for program, name in chosen():
        a, b = (proxy(program, name, s, seed="7", options="-k ktr.hash=1")
                for s in (True, False))
        equal(a, b, f"{program}:{name} from a snapshot")
        count += "ktr: hash" in a[2]
    print(count, "cases with a hash")
    check(count >= 10, "few hashes")


def hanging(of):
    """A case that sleeps for ever: proxy, machine, template, keeper."""
    p = start([BUILD + "/tests/kern/k_canary", "-r", "hang", "canary_hang"],
              stdout=subprocess.PIPE, env={
                  **os.environ, "MAYFLY_BUILD": BUILD, "MAYFLY_TOP": TOP,
                  "MAYFLY_RUN": str(of.pid)})
    for line in p.stdout:
        if (found := FROM.match(line)) is not None:
            break
    else:
        skip("no machine")
    machine = int(found[1])
    template = parent(machine)
    return p, machine, template, parent(template)


@case("does everything end with the run, and a machine with its proxy?", timeout=120)
def ends():
    of = start(["sleep", "1000"])
    p, machine, template, keeper = hanging(of)
    p.kill()
    wait_for("the end of the machine", lambda: not alive(machine))
    check(alive(template) and alive(keeper), "the template ended with a case")
    p, machine, again, _ = hanging(of)
    equal(again, template, "the template")
    of.kill()
    of.wait()
    for pid in (template, machine, keeper):
        wait_for(f"the end of {pid}", lambda pid=pid: not alive(pid))
    of = start(["sleep", "1000"])
    p, machine, template, keeper = hanging(of)
    os.kill(keeper, signal.SIGKILL)
    for pid in (template, machine):
        wait_for(f"the end of {pid}", lambda pid=pid: not alive(pid))
    p.wait()


@case("do cases boot when the template is lost, and when there is no run?")
def lost():
    of = start(["sleep", "1000"])
    p, machine, template, _ = hanging(of)
    os.kill(template, signal.SIGKILL)
    wait_for("the end of the machine", lambda: not alive(machine))
    p.wait()
    env = {**os.environ, "MAYFLY_BUILD": BUILD, "MAYFLY_TOP": TOP,
           "MAYFLY_RUN": str(of.pid)}
    words = [BUILD + "/tests/kern/k_lwkt", "sleep_timeout"]
    status, out, _ = run(words, env=env)
    equal((status, NOT_FROM.findall(out)), (0, ["the template is lost"]), "a case")
    del env["MAYFLY_RUN"]
    status, out, _ = run(words, env=env)
    equal((status, NOT_FROM.findall(out)), (0, ["no run"]), "a case")


main()
