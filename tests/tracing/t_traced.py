#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""traced, the dashboard's server: who gets an answer, what is refused, and
whether its numbers are those that ktrdump's lines give another program."""
import http.client
import json
import os
import random
import re
import signal
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/../harness")
import atf
from atf import (BUILD, PC64, ROOT, TIER, VKERNEL, check, equal, main, run,
                 start, wait_for)

TRACED = BUILD + "/traced"
KTRDUMP = BUILD + "/ktrdump"
KSHM = BUILD + "/kshm"
BUSY = "ls -lR /bin >/dev/null; cat /proc/self/maps | wc -l; sleep 0.05; exit 0"


def record(script=BUSY, *options):
    """A segment that a kernel left; 16384 events a CPU."""
    run([VKERNEL, "-i", ROOT, "-k", "ktr=*", "-k", "ktr.entries=16384",
         *options, "--kshm", os.path.abspath("seg"), "--", "/bin/sh", "-c",
         script], show=False)
    return "./seg"


def case(question, timeout=120, machine="vkernel"):
    """The server is the same for both machines; one case looks at a PC."""
    return atf.case(question, timeout=timeout, machine=machine)


class Server:
    def __init__(self, where, *options):
        self.process = start([TRACED, *options, where], stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        m = re.match(r"http://127\.0\.0\.1:(\d+)/([\w-]{32})/$", line)
        check(m, f"it said {line!r}")
        self.port, self.token = int(m.group(1)), m.group(2)

    def get(self, path, host=None, method="GET", body=None):
        """(status, bytes) of an absolute path."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        c.putrequest(method, path, skip_host=host is not None)
        if host is not None and host != "":
            c.putheader("Host", host)
        if body is not None:
            c.putheader("Content-Length", str(len(body)))
        c.endheaders(body)
        r = c.getresponse()
        data = r.read()
        self.headers = dict(r.getheaders())
        c.close()
        return r.status, data

    def ask(self, question, status=200):
        got, data = self.get(f"/{self.token}/api/{question}")
        equal(got, status, f"status of {question} ({data[:200]})")
        return data

    def json(self, question):
        return json.loads(self.ask(question))

    def stop(self):
        self.process.terminate()
        equal(self.process.wait(20), 0, "status at its end")


def ktrdump(*args):
    """Lines of ktrdump as [(ns, cpu, thread, event, fields)]."""
    rows = []
    for line in run([KTRDUMP, *args], show=False)[1].splitlines():
        when, cpu, thread, event, *fields = line.split(None, 4)
        s, ns = when.split(".")
        rows.append((int(s) * 10**9 + int(ns), int(cpu), int(thread), event,
                     fields[0] if fields else ""))
    return rows


# --- who gets an answer -----------------------------------------------------------

@case("is nothing told without the token, by another name, or to a POST?")
def doors():
    s = Server(record())
    page = f"/{s.token}/api/info"
    equal(s.get(page)[0], 200, "with it")
    equal(s.get(page, host=f"localhost:{s.port}")[0], 200, "as localhost")
    wrong = ("x" if s.token[0] != "x" else "y") + s.token[1:]
    for path in ("/", "/api/info", f"/{wrong}/api/info", f"/{s.token[:-1]}/",
                 f"/{s.token}api/info", f"//{s.token}/api/info", "/" + "x" * 9000):
        status, text = s.get(path)
        check(status in (403, 414), f"{path[:50]}: {status}")
        check(s.token.encode() not in text, "the token was told")
    for host in ("", "evil.example", f"evil.example:{s.port}", "127.0.0.1",
                 f"127.0.0.1.evil.example:{s.port}", f"127.0.0.1:{s.port}x"):
        status = s.get(page, host=host)[0]
        check(status in (400, 403), f"Host {host!r}: {status}")
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        equal(s.get(page, method=method, body=b"x=1")[0], 405, method)
    equal(s.get(page, method="HEAD")[1], b"", "body of HEAD")
    s.stop()


@case("does it listen on the loopback alone?")
def loopback():
    s = Server(record())
    with open("/proc/net/tcp", encoding="ascii") as f:
        rows = [r.split() for r in f.read().splitlines()[1:]]
    mine = [r[1] for r in rows if r[3] == "0A" and
            int(r[1].split(":")[1], 16) == s.port]
    equal(mine, [f"0100007F:{s.port:04X}"], "where it listens")


@case("are only the page's own files served?")
def files():
    os.makedirs("page/sub")
    for name in ("index.html", "app.js", "secret.txt", ".hidden.js", "sub/x.js"):
        with open("page/" + name, "w", encoding="ascii") as f:
            f.write("hello")
    s = Server(record(), "--page", "page")
    base = f"/{s.token}/"
    equal(s.get(base), (200, b"hello"), "the page")
    check("default-src 'self'" in s.headers["Content-Security-Policy"], "policy")
    equal(s.get(base + "app.js")[0], 200, "app.js")
    for bad in ("secret.txt", ".hidden.js", "sub/x.js", "../seg", "../page/app.js",
                "%2e%2e/page/app.js", "sub%2fx.js", "nothing.js", "api/", "api/x",
                "app.js/", "sub"):
        equal(s.get(base + bad)[0], 404, bad)


@case("is what is no kernel, and a wrong command line, one line and status 2?")
def refusals():
    with open("junk", "wb") as f:
        f.write(os.urandom(50000))
    for args in (["./junk"], ["./nothing"], ["no-such-kernel"], [], ["a", "b"],
                 ["--port", "x", "./junk"], ["--port", "70000", "./junk"],
                 ["--keep", "-1", "./junk"], [str(os.getpid())]):
        status, out, err = run([TRACED, *args], show=False)
        equal((status, out), (2, ""), f"{args}: {err}")
        equal(len(err.splitlines()), 1, f"lines for {args}: {err}")
    equal(run([TRACED, "--help"], show=False)[0], 0, "--help")


@case("is each bad word of a question 400 and a line of text?")
def bad_words():
    s = Server(record())
    for q in ("view?t0=x", "view?t0=-1", "view?t0=5&t1=5", "view?t0=9&t1=3",
              "view?n=1", "view?n=99999", "view?threads=a", "view?threads=1,,2",
              "view?threads=99999", "view?t1=99999999999999999999999",
              "detail?t0=", "rate?n=99999", "calls?thread=x", "locks?t0=1x",
              "faults?t1=abc", "io?t0=0x10", "latency", "latency?begin=enter",
              "latency?begin=nothing&end=leave",
              "latency?begin=SYSCALL.enter&end=SYSCALL.leave&field=nothing",
              "flame?mode=x", "rows?n=99999", "rows?from=x", "rows?events=nothing",
              "rows?where=nr%20%3D%3D", "rows?where=os.exit()", "rows?cpu=x",
              "search?back=2", "search?events=,", "object", "values?prefix=",
              "export", "export?format=exe", "export?format=text&t0=x"):
        text = s.ask(q, status=400)
        check(text.endswith(b"\n") and text.count(b"\n") == 1, f"{q}: {text!r}")
    s.ask("object?path=nothing", status=404)
    s.ask("row?from=99999999999", status=404)
    s.ask("rows?from=99999999999")
    equal(s.json("info")["state"], "stopped", "it still answers")


@case("does a damaged segment only spoil itself?", timeout=300)
def damaged():
    record("exit 0")
    with open("seg", "rb") as f:
        good = f.read()
    ring = good.index(b"ktr.cpu0\0")
    offset = int.from_bytes(good[ring + 104:ring + 112], "little")
    directory = int.from_bytes(good[56:64], "little")
    places = list(range(0, 512, 24)) + list(range(offset, offset + 64, 8)) + \
        list(range(directory, directory + 400, 40))
    for at in places:
        for patch in (b"\xff" * 8, b"\x01\0\0\0\0\x10\0\0"):
            with open("bad", "wb") as f:
                f.write(good[:at] + patch + good[at + 8:])
            status = run([TRACED, "--check", "./bad"], show=False)[0]
            check(status in (0, 1, 2), f"at {at}: status {status}")


ALL = ("info", "threads", "events", "view?n=200", "detail?threads=0,1,2", "rate?n=400",
       "calls", "locks", "faults", "io", "flame?mode=wall", "rows?n=1000",
       "search?text=zzz", "objects", "object?path=lwkt.cpu0",
       "object?path=lwkt.threads", "values?prefix=lock.", "export?format=text",
       "export?format=chrome", "export?format=folded", "check")


@case("is a damaged segment an answer to each question, of each tool?",
      timeout=300)
def damaged_questions():
    record("exit 0")
    with open("seg", "rb") as f:
        good = f.read()
    directory, objects = struct.unpack_from("<QI", good, 56)
    types, types_bytes, events = struct.unpack_from("<QQQ", good, 72)
    ring = struct.unpack_from("<Q", good, good.index(b"ktr.cpu0\0") + 104)[0]
    dice = random.Random(1)
    values = [b"\xff" * 8, b"\0" * 8, b"\1" + b"\0" * 7, b"\0" * 7 + b"\x80"]
    places = [(0, 200), (directory, objects * 192), (types, types_bytes),
              (types, types_bytes), (events, 4800), (ring, 64)]
    for i in range(40):
        bad = bytearray(good)
        for _ in range(dice.choice((1, 3, 30))):
            start, n = dice.choice(places)
            at = start + dice.randrange(n)
            bad[at:at + 8] = dice.choice(values + [dice.randbytes(8)])
        with open("bad", "wb") as f:
            f.write(bad)
        for tool in ([KTRDUMP, "./bad"], [KTRDUMP, "-o", "folded", "./bad"],
                     [KSHM, "ls", "./bad"], [KSHM, "layout", "./bad", "lwkt.cpu0"],
                     [KSHM, "cat", "./bad", "lwkt.cpu0", "lwkt.threads"]):
            status = run(tool, show=False)[0]
            check(status in (0, 1, 2), f"{i}: {tool}: status {status}")
        if run([TRACED, "--check", "./bad"], show=False)[0] != 0:
            continue
        s = Server("./bad")
        for q in ALL:
            status, text = s.get(f"/{s.token}/api/{q}")
            check(status in (200, 400, 404), f"{i}: {q}: {status} {text[:99]}")
        s.stop()


@case("is a file that is cut under it one line and status 2?")
def cut():
    record("exit 0")
    p = start([TRACED, "./seg"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    m = re.match(r"http://127\.0\.0\.1:(\d+)(/.*/)$", p.stdout.readline())
    os.truncate("seg", 8192)
    c = http.client.HTTPConnection("127.0.0.1", int(m[1]), timeout=60)
    try:
        c.request("GET", m[2] + "api/rows?n=1000")
        c.getresponse()
    except (ConnectionError, http.client.HTTPException):
        pass
    equal((p.wait(60), p.stderr.read()),
          (2, "traced: the segment's file was cut\n"), "how it ended")


@case("is a kernel that is killed told as such, and all of it still there?",
      timeout=240)
def killed():
    p = start([VKERNEL, "-i", ROOT, "-k", "ktr=*", "--", "/bin/sh", "-c",
               "while :; do cat /proc/self/stat >/dev/null; done"])
    wait_for("a segment", lambda: run([KSHM, "info", str(p.pid)],
                                      show=False)[0] == 0, 60)
    s, other = Server(str(p.pid)), Server(str(p.pid))
    for one in (s, other):
        wait_for("events", lambda one=one: one.json("info")["rows"] > 1000, 60)
    p.kill()
    p.wait()
    for one in (s, other):
        wait_for("its end", lambda one=one: one.json("info")["ended"], 60)
        equal(one.json("info")["state"], "killed", "state")
        for q in ALL:
            one.ask(q)
        one.stop()


# --- are the numbers right? --------------------------------------------------------

def differs(a, b):
    """The first difference of two lists, or None."""
    for i, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return i, x, y
    return None if len(a) == len(b) else (min(len(a), len(b)), len(a), len(b))


@case("are its rows and its text those of ktrdump?")
def rows():
    s = Server(record())
    lines, info = ktrdump("./seg"), s.json("info")
    equal(info["rows"], len(lines), "rows")
    events = {e["id"]: e["name"] for e in s.json("events")["events"]}
    threads = {t["t"]: t["id"] for t in s.json("threads")["threads"]}
    got, at = [], 0
    while at < info["rows"]:
        page = s.json(f"rows?from={at}&n=1000")
        got += page["rows"]
        at = page["next"]
    mine = [(r[1] + info["origin"], r[2], threads[r[3]], events[r[4]], r[5])
            for r in got]
    equal([r[0] for r in got], list(range(len(lines))), "row numbers")
    # The same time on two CPUs has no order of its own.
    equal(differs(sorted(mine), sorted(lines)), None, "a difference")
    text = s.ask("export?format=text").decode().splitlines()
    equal(len(text), len(lines), "lines of the text")
    middle = len(lines) // 2
    t = got[middle][1]
    here = s.json(f"rows?t={t}&n=1")["rows"][0]
    check(here[1] == t and here[0] <= middle, f"row of a time: {here}")


@case("does a filter find what grep finds, and search each hit in turn?")
def filters():
    s = Server(record())
    lines = ktrdump("./seg")
    for words, func in (
            ("events=SYSCALL", lambda r: r[3].startswith("SYSCALL.")),
            ("events=enter,SCHED.wakeup", lambda r: r[3] in (
                "SYSCALL.enter", "SCHED.wakeup")),
            ("events=SYSCALL.leave&where=error%20~%3D%200", lambda r: r[3] ==
             "SYSCALL.leave" and " error=0 " not in f" {r[4]} "),
            ("cpu=1&events=SCHED.switch", lambda r: r[1] == 1 and r[3] ==
             "SCHED.switch")):
        want = sum(1 for r in lines if func(r))
        found = s.json(f"rows?{words}&n=2000")
        check(want > 0, f"{words} is in the trace")
        equal(len(found["rows"]), min(want, 2000), words)
        at, hits = 0, 0
        while True:
            hit = s.json(f"search?{words}&from={at}")
            if not hit["found"] or hits >= 50:
                break
            equal(hit["row"], found["rows"][hits][0], f"hit {hits} of {words}")
            back = s.json(f"search?{words}&from={hit['row'] + 1}&back=1")
            equal(back["row"], hit["row"], "backward")
            at, hits = hit["row"] + 1, hits + 1
        equal(hits, min(want, 50), f"hits of {words}")


def nth(values, share):
    """The smallest value that a share of all does not exceed."""
    values = sorted(values)
    k = int(share * len(values))
    if k < share * len(values):
        k += 1
    return values[max(k, 1) - 1]


def pairs(lines):
    """[(nr, ns, error)] of calls, by their thread."""
    open_calls, out = {}, []
    for when, _, thread, event, fields in lines:
        f = dict(x.split("=", 1) for x in fields.split())
        if event == "SYSCALL.enter":
            open_calls[thread] = (int(f["nr"]), when)
        elif event in ("SYSCALL.leave", "SYSCALL.leave_hooked") and \
                thread in open_calls:
            nr, begin = open_calls.pop(thread)
            out.append((nr, when - begin, int(f["error"]), thread))
    return out


@case("are counts, errors and percentiles of calls exact?")
def calls():
    s = Server(record())
    abi = {t["id"]: t["abi"] for t in s.json("threads")["threads"]}
    want = {}
    for nr, ns, error, thread in pairs(ktrdump("./seg")):
        want.setdefault((abi[thread], nr), []).append((ns, error))
    got = {(r["abi"], r["n"]): r for r in s.json("calls")["rows"]}
    equal(sorted(got), sorted(want), "calls")
    equal({a for a, _ in got}, {"linux64", "native"}, "ABIs")
    for nr, all_of in want.items():
        ns = [x[0] for x in all_of]
        r = got[nr]
        equal((r["count"], r["errors"], r["total"], r["p50"], r["p99"], r["max"]),
              (len(ns), sum(1 for x in all_of if x[1] > 0), sum(ns),
               nth(ns, 0.5), nth(ns, 0.99), max(ns)), f"call {nr}")
    equal(got["linux64", 59]["name"], "execve", "name of 59")
    # init is a native program, whose call 7 is another one than Linux's.
    equal({r["name"] for r in got.values() if r["abi"] == "native"} &
          {"poll", "fork", "wait4"} != set(), True, "names of init's calls")
    # And as ktrdump's latencies have it, over all.
    out = run([KTRDUMP, "-l", "SYSCALL.enter,SYSCALL.leave", "./seg"],
              show=False)[1]
    line = dict(zip(*[iter(out.splitlines()[1].split()[1:])] * 2))
    lat = s.json("latency?begin=SYSCALL.enter&end=SYSCALL.leave")
    for mine, theirs in (("min", "min"), ("p50", "p50"), ("p99", "p99"),
                         ("p999", "p99.9"), ("max", "max")):
        equal(lat[mine], int(line[theirs]), mine)
    equal(sum(b[2] for b in lat["bars"]), lat["pairs"], "sum of the bars")
    for low, high, n in lat["bars"]:
        check(low < high and n > 0, f"bar {low} {high} {n}")


def view(s, words=""):
    data = s.ask("view?" + words)
    magic, ncpus, n, ntracks, t0, ns = struct.unpack_from("<4sIIIdd", data)
    equal(magic, b"VIEW", "magic")
    at, cpus, tracks = 32, {}, {}
    for _ in range(ncpus):
        cpu = struct.unpack_from("<I", data, at)[0]
        p = at + 8
        cpus[cpu] = {"threads": struct.unpack_from(f"<{n}I", data, p),
                     "events": struct.unpack_from(f"<{n}I", data, p + 4 * n),
                     "busy": data[p + 8 * n:p + 9 * n]}
        at = p + (10 * n + 7 & ~7)
    for _ in range(ntracks):
        thread = struct.unpack_from("<I", data, at)[0]
        p = at + 8
        tracks[thread] = [data[p + i * n:p + (i + 1) * n] for i in range(5)]
        at = p + (7 * n + 7 & ~7)
    equal(at, len(data), "bytes of the view")
    return {"n": n, "t0": t0, "ns": ns, "cpus": cpus, "tracks": tracks}


@case("do the buckets of the summary and of the runs add up to the trace?")
def buckets():
    s = Server(record())
    info = s.json("info")
    lines = ktrdump("./seg")
    by_cpu = {c["cpu"]: c for c in info["cpus"]}
    for n in (2, 50, 1000, 4096):
        v = view(s, f"n={n}")
        check(v["n"] <= n + 1, f"{v['n']} buckets of at most {n}")
        equal({c: sum(x["events"]) for c, x in v["cpus"].items()},
              {c: x["events"] for c, x in by_cpu.items()}, f"events of {n}")
        for c, x in v["cpus"].items():
            busy = sum(x["busy"]) / 255 * v["ns"]
            check(abs(busy - by_cpu[c]["busy"]) <= v["n"] * v["ns"] / 255 + 1,
                  f"busy of CPU {c} in {n}: {busy} and {by_cpu[c]['busy']}")
    # A narrow window comes from the runs, not from the summary.
    mid = info["end"] // 2
    t0, t1 = mid - 100000, mid + 100000
    v = view(s, f"t0={t0}&t1={t1}&n=4096")
    begin, end = v["t0"], v["t0"] + v["n"] * v["ns"]
    want = sum(1 for r in lines if begin <= r[0] - info["origin"] < end)
    equal(sum(sum(x["events"]) for x in v["cpus"].values()), want, "in a window")


@case("does a thread's track show it where it ran, and asleep where it slept?")
def tracks():
    s = Server(record("sleep 0.2; exit 0"))
    threads = s.json("threads")["threads"]
    sleeper = max((t for t in threads if t["pid"] > 1 and not t["idle"]),
                  key=lambda t: t["tid"])
    v = view(s, f"n=2000&threads={sleeper['t']}")
    runs, ready, sleeps, waits, in_call = v["tracks"][sleeper["t"]]
    total = lambda part: sum(part) / 255 * v["ns"]
    check(abs(total(runs) - sleeper["run"]) < v["n"] * v["ns"] / 255 + 1e6,
          f"ran {total(runs)}, {sleeper['run']}")
    check(total(sleeps) >= 0.19e9, f"asleep for {total(sleeps)} ns")
    check(total(in_call) >= 0.19e9, f"in calls for {total(in_call)} ns")
    check(total(ready) + total(waits) < 0.5e9, "neither waits")
    d = s.json(f"detail?threads={sleeper['t']}")
    longest = max(d["calls"], key=lambda c: c[2] - c[1])
    check(longest[2] - longest[1] >= 0.19e9, f"the longest call {longest}")
    check(d["wakeups"], "nobody was woken")
    for when, cpu, ran, to, thread in d["wakeups"]:
        check(when <= ran, f"woken at {when}, ran at {ran}")


@case("is the sum of the flame graph the time that threads had?")
def flame():
    s = Server(record())
    tree = s.json("flame?mode=cpu")
    run_ns = {t["t"]: t["run"] for t in s.json("threads")["threads"]
              if not t["idle"]}
    for node in tree["children"]:
        want = run_ns[node["thread"]]
        check(abs(node["value"] - want) <= want * 0.02 + 5000,
              f"{node['name']}: {node['value']} and {want}")
        equal(sum(c["value"] for c in node["children"]), node["value"],
              node["name"])
    names = {c["name"] for n in tree["children"] for c in n["children"]}
    check("execve" in names and "program" in names, f"names {sorted(names)[:9]}")


@case("are exports what their readers take?")
def exports():
    s = Server(record())
    info = s.json("info")
    chrome = s.json("export?format=chrome")
    slices = [e for e in chrome["traceEvents"] if e["ph"] == "X"]
    equal(len(slices), len(pairs(ktrdump("./seg"))), "calls in Chrome's JSON")
    table = s.ask("export?format=csv").decode().splitlines()
    equal(len(table), info["rows"] + 1, "lines of the CSV")
    folded = s.ask("export?format=folded").decode().splitlines()
    check(all(re.match(r"\S+;\S+ \d+$", x) for x in folded), f"{folded[:3]}")
    with open("copy", "wb") as f:
        f.write(s.ask("export?format=segment"))
    equal(len(ktrdump("./copy")), info["rows"], "events of the copy")
    t = info["end"] // 2
    part = s.ask(f"export?format=text&t0={t}&events=SYSCALL").decode()
    check(all(" SYSCALL." in x for x in part.splitlines()), "a filter for an export")


def rss_kb(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])


@case("has an export no end, and its server no more memory for it?", timeout=300)
def large_export():
    # How long a ring may be is a matter of memory: so there are several.
    run([VKERNEL, "-i", ROOT, "-n", "8", "--memory", "512M", "-k", "ktr=SYSCALL", "-k",
         "ktr.entries=131072", "--kshm", os.path.abspath("seg"), "--", "/bin/sh",
         "-c", "for i in 1 2 4 8 10 20 40 80; do taskset $i dd if=/dev/zero "
         "of=/dev/null bs=1 count=40000 2>/dev/null & done; wait"], show=False)
    s = Server("./seg")
    info = s.json("info")
    check(info["rows"] > 450000, f"only {info['rows']} events")
    s.ask("exporting?job=7", status=404)
    before = rss_kb(s.process)
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
    c.request("GET", f"/{s.token}/api/export?format=csv&job=7")
    r = c.getresponse()
    head = r.read(100000)
    # Others have their turn meanwhile, and are told how far it is.
    half = s.json("exporting?job=7")
    equal(half["how"], "running", "state of the export")
    equal(half["of"], info["rows"], "rows to come")
    check(0 < half["done"] < info["rows"], f"{half}")
    lines = 0
    while part := r.read(1 << 20):
        lines += part.count(b"\n")
    equal(head.count(b"\n") + lines, info["rows"] + 1, "lines of the CSV")
    equal(s.json("exporting?job=7")["how"], "done", "state at the end")
    chrome = s.json("export?format=chrome")
    slices = [e for e in chrome["traceEvents"] if e["ph"] == "X"]
    equal(len(slices), sum(r["count"] for r in s.json("calls")["rows"]),
          "calls in Chrome's JSON")
    check(rss_kb(s.process) < before + 4096, "it took memory for an export")
    # Who goes away leaves nothing; a filter that finds nothing ends, too.
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
    c.request("GET", f"/{s.token}/api/export?format=text&job=8")
    r = c.getresponse()
    r.read(10)
    r.close()
    c.close()
    wait_for("the export's end", lambda: s.json("exporting?job=8")["how"] ==
             "broken", 60)
    equal(s.ask("export?format=text&where=nr%20%3D%3D%20999999"), b"",
          "what no event is")
    s.stop()


@case("are marks of programs whole, and cases told as cases?")
def program_marks():
    long = "a longer text than there is room for in a single event, so that it takes parts"
    s = Server(record("cd /sys/kernel/tracing; echo hello >trace_marker; "
                      f"echo '{long}' >trace_marker; "
                      "printf 'a\\nb\\001' >trace_marker; "
                      "echo begin case=x:y >trace_marker; "
                      "echo 'end case=x:y passed' >trace_marker; exit 0"))
    marks = [(m["kind"], m["text"]) for m in s.json("detail")["marks"]]
    equal(marks, [("mark", "hello"), ("mark", long), ("mark", r"a\x0ab\x01"),
                  ("case", "begin case=x:y"), ("case", "end case=x:y passed")],
          "marks")
    parts = [f for *_, event, f in ktrdump("./seg") if event == "TEST.mark"]
    equal(parts[1:4], [f"part={i} text={long[32 * i:32 * i + 32]}"
                       for i in range(3)], "parts")
    s.stop()


@case("do objects agree with the tool that shows them?")
def objects():
    s = Server(record())
    paths = [o["path"] for o in s.json("objects")["objects"]]
    check(len(paths) > 100, f"{len(paths)} objects")
    for path in ("vm.pages.total", "vfs.cache", "lwkt.cpu0", "lwkt.threads"):
        check(path in paths, path)
        got = [f"{name} = {value}" for leaves in
               s.json("object?path=" + path)["elements"] for name, value in leaves]
        want = [x for x in run([KSHM, "cat", "./seg", path],
                               show=False)[1].splitlines()
                if not re.match(r".*\[\d+\]:$", x)]
        equal(len(got), len(want), path)
        for mine, theirs in zip(got, want):
            if ' = "' not in theirs:
                equal(mine, theirs, path)


# --- loss and live --------------------------------------------------------------------

@case("is every loss stated, and nothing guessed over it?")
def losses():
    record()
    with open("seg", "rb") as f:
        data = bytearray(f.read())
    ring = data.index(b"ktr.cpu0\0")
    offset = int.from_bytes(data[ring + 104:ring + 112], "little")
    head = int.from_bytes(data[offset:offset + 8], "little")
    records = int.from_bytes(data[offset + 32:offset + 40], "little")
    first, n = head // 2, 100
    for i in range(first, first + n):       # as of a writer that was stopped
        data[records + 64 * i:records + 64 * i + 8] = b"\1\0\0\0\0\0\0\0"
    with open("holes", "wb") as f:
        f.write(data)
    whole, s = Server("./seg").json("info"), Server("./holes")
    info = s.json("info")
    equal((info["lost"], info["losses"]), (n, 1), "what is lost")
    equal(info["rows"] + n, whole["rows"], "seen and lost")
    (cpu, begin, end, count), = s.json("detail")["losses"]
    equal((cpu, count), (0, n), "the loss")
    check(0 < begin < end < info["end"], f"{begin} to {end}")
    width = 1 << max(0, (end - begin).bit_length() - 6)
    v = view(s, f"t0={begin + width}&t1={end - width}&n=64")
    inside = [b for i, b in enumerate(v["cpus"][0]["busy"])
              if v["t0"] + i * v["ns"] >= begin + width and
              v["t0"] + (i + 1) * v["ns"] <= end]
    equal(sum(inside), 0, "busy in the loss")


LOOP = ("i=0; while [ $i -lt 400 ]; do cat /proc/self/stat >/dev/null; "
        "i=$((i + 1)); done; sleep 1000")


@case("does it follow a running kernel, and count all that was written?",
      timeout=240)
def live():
    p = start([VKERNEL, "-i", ROOT, "-k", "ktr=SYSCALL,SCHED", "-k",
               "ktr.entries=65536", "--", "/bin/sh", "-c", LOOP])
    wait_for("a segment", lambda: run([KSHM, "info", str(p.pid)],
                                      show=False)[0] == 0, 60)
    s = Server(str(p.pid))
    first = s.json("info")
    check(first["live"], "it is live")
    wait_for("more rows", lambda: s.json("info")["rows"] > first["rows"] + 1000,
             60)
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
    c.request("GET", f"/{s.token}/live")
    r = c.getresponse()
    equal(r.getheader("Content-Type"), "text/event-stream", "type")
    told = json.loads(r.readline()[6:])
    check(told["live"] and told["rows"] > 0, f"told {told}")
    os.kill(p.pid, signal.SIGTERM)
    p.wait()
    wait_for("the end", lambda: not s.json("info")["live"], 60)
    rest = r.read().decode()
    c.close()
    check('"live":false' in rest, f"the stream's end: {rest[-200:]}")
    sums = s.json("check")
    for ring in sums["rings"]:
        equal(ring["seen"] + ring["lost"], ring["next"], "seen and lost")
        equal(ring["waiting"], 0, "records that were left")
    equal(sums["rows"] + sums["lost"] + sums["overwritten"],
          sum(r["next"] for r in sums["rings"]), "all that was written")
    # The fields of what the rings have lost are still there.
    page = s.json("rows?from=10&n=5")["rows"]
    check(all("tid=" in x[5] or "chan=" in x[5] or "from=" in x[5]
              for x in page), f"{page}")
    s.stop()


@case("does it follow a PC by its memory, also past its end?", timeout=300,
      machine="pc64")
def live_pc():
    p = start([PC64, "--tier", TIER, "--kshm", os.path.abspath("ram"), "-i",
               ROOT, "-k", "ktr=SYSCALL,SCHED", "-k", "ktr.entries=65536", "--",
               "/bin/sh", "-c", "i=0; while [ $i -lt 100 ]; do cat "
               "/proc/self/stat >/dev/null; i=$((i + 1)); done; exit 0"])
    wait_for("it runs", lambda: "running" in
             run([KSHM, "info", "./ram"], show=False)[1], 120, 0.1)
    s = Server("./ram", "--follow")
    wait_for("rows", lambda: s.json("info")["rows"] > 500, 120, 0.1)
    p.wait()
    wait_for("the end", lambda: not s.json("info")["live"], 60, 0.1)
    info, sums = s.json("info"), s.json("check")
    equal((info["state"], info["machine"]), ("stopped", "pc64"), "what it was")
    equal(sums["rows"] + sums["lost"] + sums["overwritten"],
          sum(r["next"] for r in sums["rings"]), "all that was written")
    check(any(r["name"] == "openat" for r in s.json("calls")["rows"]), "calls")


@case("does it give back what is too old, and go on?", timeout=240)
def keep():
    p = start([VKERNEL, "-i", ROOT, "-k", "ktr=*", "-k", "ktr.entries=65536",
               "--", "/bin/sh", "-c", "while :; do cat /proc/self/maps "
               ">/dev/null; ls -lR /bin >/dev/null; done"])
    wait_for("a segment", lambda: run([KSHM, "info", str(p.pid)],
                                      show=False)[0] == 0, 60)
    s = Server(str(p.pid), "--keep", "100000")
    wait_for("something is given back",
             lambda: s.json("info")["forgotten"] > 0, 180, 0.2)
    info = s.json("info")
    check(info["first_row"] > 0 and info["detail_from"] > 0, f"{info}")
    page = s.json("rows?from=0&n=10")
    check(page["rows"][0][0] >= info["first_row"], f"first {page['rows'][0]}")
    for q in ("calls", "flame", "rate", "detail", "faults",
              "latency?begin=enter&end=leave", "rows?t=0&n=5",
              f"search?text=nothing-such&from={info['first_row']}"):
        s.json(q)
    equal(sum(sum(x["events"]) for x in view(s)["cpus"].values()) >=
          info["rows"], True, "the summary keeps all")
    s.stop()


main()
