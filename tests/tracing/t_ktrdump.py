#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""ktrdump and its formats, each against another word: babeltrace2 for CTF, Python
for JSON, the kernel for filters; the models of ring and filter."""
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
from atf import (BUILD, ROOT, VKERNEL, case, check, equal, main, run, start,
                 wait_for)

KTRDUMP = BUILD + "/ktrdump"
LINE = re.compile(r"\s*(-?[0-9.]+) ([0-9]+) +([0-9]+) ([A-Z]+)\.(\w+) ?(.*)")


def record(*options, command="ls /bin >/dev/null; /sbin/sysctl -a >/dev/null"):
    """A boot with all events in a file; what it printed."""
    return run([VKERNEL, "--kshm", os.path.abspath("seg"), "-i", ROOT, *options,
                "-k", "ktr.entries=16384", "--", "/bin/sh", "-c", command])[1]


def dump(*options, status=0):
    got, out, err = run([KTRDUMP, *options, "./seg"], show=False)
    equal(got, status, f"status of ktrdump {options}: {err}")
    return out if status == 0 else err


def lines(*options):
    out = [LINE.match(line) for line in dump(*options).splitlines()]
    check(all(out), "a line that is no event")
    return [m.groups() for m in out]


@case("does a walk through all interleavings of a small ring find nothing?",
      timeout=300)
def model():
    status, _, _ = run([BUILD + "/tests/tracing/check_ring"], seconds=280)
    equal(status, 0, "check_ring")


@case("does the kernel's check of filters hold what it promises?")
def filter_check():
    equal(run([BUILD + "/tests/tracing/check_filter"])[0], 0, "check_filter")


@case("are all events seen, in order of time, by both CPUs?")
def all_seen():
    record("-k", "ktr=*")
    out = lines()
    check(len(out) > 1000, f"{len(out)} events")
    times = [float(e[0]) for e in out]
    check(times == sorted(times), "not in order")
    equal({e[1] for e in out}, {"0", "1"}, "CPUs")
    check({"SCHED", "SYSCALL", "VFS", "PROC", "MACHINE"} <=
          {e[3] for e in out}, "groups")
    check(any(e[3:5] == ("MACHINE", "module") for e in out),
          "nothing of the boot")
    _, _, err = run([KTRDUMP, "./seg"], show=False)
    equal(err.strip(), f"ktrdump: {len(out)} events seen, 0 lost", "counts")


@case("is what a small ring overwrote counted?")
def losses():
    record("-k", "ktr=*", "-k", "ktr.entries=64")
    _, out, err = run([KTRDUMP, "./seg"], show=False)
    seen, lost = re.search(r"(\d+) events seen, (\d+) lost", err).groups()
    equal(int(seen), len(out.splitlines()), "seen")
    heads = re.findall(r"kr_head = (\d+)", run(
        [BUILD + "/kshm", "cat", "./seg", "ktr.cpu0", "ktr.cpu1", "ktr.early"],
        show=False)[1])
    equal(int(seen) + int(lost), sum(map(int, heads)), "seen and lost")
    check(int(lost) > 1000 and int(seen) >= 64, err)


@case("do names and groups turn on just these events?")
def select():
    record("-k", "ktr=SYSCALL.enter,PROC")
    kinds = {(e[3], e[4]) for e in lines()}
    check(("SYSCALL", "enter") in kinds, f"{kinds}")
    equal({k for k in kinds if k[0] == "SYSCALL"}, {("SYSCALL", "enter")},
          "calls")
    check({k[0] for k in kinds} <= {"SYSCALL", "PROC", "MACHINE"}, f"{kinds}")


@case("does stop mode keep the oldest, and count the rest?")
def stop_mode():
    record("-k", "ktr.entries=64", command="/sbin/sysctl kern.ktr.on=TEST.bench "
           "kern.ktr.bench=10 kern.ktr.stop=1 kern.ktr.bench=1000 "
           "kern.ktr.off=TEST.bench >/dev/null")
    _, out, err = run([KTRDUMP, "-e", "bench", "./seg"], show=False)
    numbers = [int(n) for n in re.findall(r" a=(\d+) ", out)]
    # What was there before may have been overwritten by the first of the rest.
    check(len(numbers) == 64 and numbers[-1] < 10 + 2 * 64, f"{numbers}")
    check(int(re.search(r"(\d+) lost", err).group(1)) > 800, err)


@case("does a filter keep the same events in the kernel as in the tool?")
def filters():
    expr = "(nr < 50 and a0 ~= 0) or tid * 2 + 1 > 3 and not (a1 & 1 == 1)"
    record("-k", "ktr=SYSCALL.enter")
    everything = lines("-e", "SYSCALL.enter")
    text = dump("-e", "SYSCALL.enter", "-w", expr, "--compile",
                "SYSCALL.enter").strip()
    kept = lines("-e", "SYSCALL.enter", "-w", expr)
    check(0 < len(kept) < len(everything), f"{len(kept)}")
    def want(e):
        f = {k: int(v, 0) for k, v in
             (x.split("=") for x in e[5].split())}
        return ((f["nr"] < 50 and f["a0"] != 0) or
                (f["tid"] * 2 + 1 > 3 and f["a1"] & 1 != 1))
    equal(kept, [e for e in everything if want(e)], "what the tool keeps")
    record(command=f"/sbin/sysctl kern.ktr.filter={text} kern.ktr.on=SYSCALL.enter "
           ">/dev/null; ls / >/dev/null")
    inside = lines("-e", "SYSCALL.enter")
    check(len(inside) > 5, "the kernel kept nothing")
    check(all(want(e) for e in inside), "the kernel kept a wrong one")


@case("are bad filters refused, by the tool and by the kernel?")
def bad_filters():
    record("-k", "ktr=SYSCALL.enter")
    for expr in ("nr ==", "(nr", "nr nr", "nosuch == 1", "nr == 1 )", "",
                 "nr = 1", "nr / 2", "(" * 200 + "1" + ")" * 200):
        check("ktrdump: filter" in dump("-w", expr, "--compile",
                                        "SYSCALL.enter", status=1), expr)
    for text in ("SYSCALL.enter:15.ffffffff", "SYSCALL.enter:1.9",
                 "SYSCALL.enter:7.0", "SYSCALL.enter:x", "SYSCALL.enter",
                 "SYSCALL.enter:0.1,0.1", "NO.such:0.1",
                 "SYSCALL.enter:0.11111111111111111"):
        out = record(command=f"/sbin/sysctl kern.ktr.filter='{text}' "
                     "&& echo taken || echo refused")
        check("refused" in out and "taken" not in out, f"{text}: {out}")


@case("does babeltrace2 read every event and field of the CTF export?")
def ctf():
    record("-k", "ktr=*")
    own = lines()
    dump("-o", "ctf", "-O", "trace")
    status, out, err = run(["babeltrace2", "--fields=loglevel", "--names=none",
                            "--names=payload", "--clock-seconds", "trace"],
                           show=False)
    equal(status, 0, "babeltrace2: " + err)
    out = out.splitlines()
    equal(len(out), len(own), "events")
    def numbers(text):
        return [int(v, 8) if re.fullmatch(r"0[0-7]+", v) else
                int(v, 0) if re.fullmatch(r"-?(0x[0-9a-fA-F]+|[0-9]+)", v)
                else v for v in text]
    for theirs, ours in zip(out, own):
        name = re.search(r" ([A-Z]+\.\w+): ", theirs)
        check(name is not None, theirs)
        equal(name.group(1), f"{ours[3]}.{ours[4]}", "name")
        payload = theirs[theirs.rindex("{"):]
        if " = " not in payload:
            equal(ours[5], "", theirs)
            continue
        got = numbers(re.findall(r'= "?([^",}]*?)"?(?:,| })', payload))
        want = numbers([(x.split("=", 1)[1]) for x in ours[5].split(" ")])
        equal(got, want, theirs + " / " + ours[5])


@case("does the JSON export parse, and do its slices nest?")
def json_nests():
    record("-k", "ktr=*")
    own = lines()
    data = json.loads(dump("-o", "json"))
    events = data["traceEvents"]
    depth = {}
    points = begins = 0
    for e in events:
        if e["ph"] == "M":
            continue
        d = depth.setdefault(e["tid"], 0)
        if e["ph"] == "B":
            begins += 1
            depth[e["tid"]] += 1
        elif e["ph"] == "E":
            check(d > 0, f"an end without a begin: {e}")
            depth[e["tid"]] -= 1
        else:
            points += 1
    check(not any(depth.values()), "a slice stays open")
    equal(begins, sum(e[3:5] == ("SYSCALL", "enter") for e in own), "begins")
    equal(points, sum(e[3] != "SYSCALL" or not
                      e[4].startswith(("enter", "leave")) for e in own),
          "points")
    equal(data["otherData"], {"seen": len(own), "lost": 0}, "counts")


@case("are latencies those that the events tell?")
def latency():
    record("-k", "ktr=SYSCALL")
    times, begun = [], {}
    for t, _, thread, _, name, _ in lines():
        ns = int(t.replace(".", ""))
        if name == "leave" and begun.get(thread):
            times.append(ns - begun[thread].pop())
        elif name == "enter":
            begun.setdefault(thread, []).append(ns)
    times.sort()
    out = dump("-l", "enter,leave")
    print(out)
    equal(int(re.search(r"pairs (\d+)", out).group(1)), len(times), "pairs")
    for name, want in (("min", times[0]), ("max", times[-1]),
                       ("p50", times[-(-len(times) // 2) - 1])):
        equal(int(re.search(name + r" (\d+)", out).group(1)), want, name)
    folded = dump("-o", "folded")
    check(all(re.fullmatch(r"\S+;call_-?\d+ \d+", x)
              for x in folded.splitlines()), folded)


@case("does a Lua script see the same over a saved kernel, and its objects?")
def lua():
    record("-k", "ktr=*")
    with open("count.lua", "w", encoding="utf-8") as f:
        f.write("local n, last = 0, nil\n"
                "function start(k) assert(k:info().state == 'stopped') end\n"
                "function event(e) n = n + 1\n"
                "  assert(not last or e.ns >= last) last = e.ns\n"
                "  if e.name == 'enter' then assert(e.nr and e.tid) end end\n"
                "function finish(seen, lost)\n"
                "  print(n, seen, lost, kernel:read('lwkt.cpu1').c_id,\n"
                "    kernel:read('lwkt.threads', 1).ts_name,\n"
                "    kernel:read('vm.pages.total').value)\n"
                "  local m = 0 for e in kernel:events() do m = m + 1 end\n"
                "  print(m, #kernel:objects()) end\n")
    first, second = dump("-s", "count.lua").splitlines()
    n, seen, lost, cpu, thread, total = first.split("\t")
    equal((n, lost, cpu, thread), (seen, "0", "1", "idle/0"), first)
    check(int(total) > 1000, first)
    equal(second.split("\t")[0], n, "events by the module")
    # And by Lua itself.
    status, out, _ = run(["lua5.4", "-e", f"package.cpath='{BUILD}/lua/?.so' "
                          "local k = require 'kshm'.attach('./seg') "
                          "local m = 0 for e in k:events() do m = m + 1 end "
                          "print(m) print(require 'kshm'.attach('nowhere'))"])
    equal((status, out.split()[0:2]), (0, [n, "nil"]), "lua5.4")


@case("does --follow tell every event of a kernel that runs, to its end?")
def follow():
    p = start([VKERNEL, "-i", ROOT, "-k", "ktr=SYSCALL.enter", "-k",
               "ktr.entries=16384", "--", "/bin/sh", "-c",
               "sleep 1; ls / >/dev/null; sleep 0.3; echo end"],
              stdout=subprocess.PIPE)
    where = str(p.pid)
    wait_for("the segment", lambda: run([KTRDUMP, "--list", where],
                                        show=False)[0] == 0)
    status, out, err = run([KTRDUMP, "-f", where], show=False)
    equal((status, p.wait()), (0, 0), "statuses")
    seen, lost = re.search(r"(\d+) events seen, (\d+) lost", err).groups()
    equal((int(seen), lost), (len(out.splitlines()), "0"), "counts")
    times = [float(line.split()[0]) for line in out.splitlines()]
    check(times == sorted(times), "not in order")
    check(len(times) > 20 and times[-1] > 1.2, f"{len(times)} events")
    # A tool that is told how many ends by itself.
    q = start([VKERNEL, "-i", ROOT, "-k", "ktr=*", "--", "/bin/sh", "-c",
               "while :; do ls / >/dev/null; done"], stdout=subprocess.DEVNULL)
    wait_for("the segment", lambda: run([KTRDUMP, "--list", str(q.pid)],
                                        show=False)[0] == 0)
    status, out, _ = run([KTRDUMP, "-f", "-n", "500", str(q.pid)], show=False)
    equal((status, len(out.splitlines())), (0, 500), "500 events")


@case("do two runs of one seed have one hash, and two seeds two?")
def stream_hash():
    def one(seed):
        out = run([VKERNEL, "-D", seed, "-k", "ktr.hash=1", "-i", ROOT, "--",
                   "/bin/sh", "-c", "ls / >/dev/null; echo x | cat"])[1]
        return re.search(r"ktr: hash (\w+) of (\d+) events", out).groups()
    a, b = one("5"), one("5")
    equal(a, b, "hash of the same seed")
    check(int(a[1]) > 1000, "few events")


main()
