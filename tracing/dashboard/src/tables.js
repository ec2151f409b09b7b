// SPDX-License-Identifier: BSD-2-Clause
// Tables over the window: system calls, locks, page faults, block I/O.

import { json } from "./api.js";
import { count, duration, element } from "./format.js";
import { change, goTo, on, state, threadLabel } from "./state.js";
import { table } from "./table.js";

const sections = {};
for (const name of ["calls", "locks", "faults", "io"])
  sections[name] = document.getElementById(`tab-${name}`);

function toTimeline(begin, len, thread) {
  if (thread !== undefined && !state.shown.includes(thread)) {
    state.shown.push(thread);
    change("shown");
  }
  state.picked = { time: begin, thread };
  state.tab = "timeline";
  goTo(begin + len / 2, Math.max(len * 3, 20000));
  change("tab");
  change("picked");
}
export { toTimeline };

const number = (name, key) => ({ name, key: (r) => r[key], text: (r) => count(r[key]) });
const ns = (name, key) => ({ name, key: (r) => r[key], text: (r) => duration(r[key]) });
const worst = { name: "max", key: (r) => r.max, text: (r) => duration(r.max),
  click: (r) => toTimeline(r.max_begin, r.max, r.max_thread) };

function times(name) {
  return [{ name, key: (r) => r.name, left: true }, number("count", "count"),
    number("errors", "errors"), ns("total", "total"), ns("p50", "p50"),
    ns("p99", "p99"), worst,
    { name: "slowest by", left: true, key: (r) => threadLabel(r.max_thread) }];
}

const calls = times("call");
calls[0].text = (r) => (r.abi === "native" ? `${r.name} (native)` : r.name);
calls[0].click = (r) => {
  Object.assign(state.filter, { text: "", events: "SYSCALL", where: `nr == ${r.n}`,
    cpu: "", thread: "" });
  state.tab = "events";
  change("tab");
  change("filter");
};
calls[2] = { ...calls[2], text: (r) => r.errors === 0 ? "0" :
  `${count(r.errors)} (${r.error})` };
const fillCalls = table(sections.calls, calls, { by: 3,
  caption: "System calls that ended in the window; a name shows its events, " +
    "a maximum goes there. In brackets: one errno of the errors.",
  empty: "no system call ended in this window (events SYSCALL.enter, leave)" });

const fillLocks = table(sections.locks, times("lock").filter((c) => c.name !== "errors"),
  { by: 2, caption: "Waits for sleeping locks in the window, from the events.",
    empty: "nobody waited for a lock in this window (event LOCK.wait)" });
const fillClasses = table(sections.locks, [
  { name: "class", key: (r) => r.name, left: true }, number("waits", "waits"),
  number("spins", "spins")], { by: 1,
  caption: "Since boot, from the objects lock.*: all classes, spin locks too.",
  empty: "nobody waited or spun since boot" });

const faultsHead = sections.faults.appendChild(element("p", { className: "faint" }));
const fillFaults = table(sections.faults, [
  { name: "thread", key: (r) => threadLabel(r.thread), left: true },
  number("faults", "count"), number("refused", "errors")],
{ by: 1, caption: "Page faults of programs in the window, by thread.",
  empty: "no page fault in this window (event FAULT.user)" });
const fillPages = table(sections.faults, [
  { name: "page", key: (r) => r.addr, left: true },
  { name: "thread", key: (r) => threadLabel(r.thread), left: true },
  number("faults", "count")], { by: 2, caption: "Pages with most faults.",
  empty: "no page fault in this window" });

const fillIo = table(sections.io, times("request"), { by: 3,
  caption: "Requests of block devices that ended in the window.",
  empty: "no block I/O in this window (events MACHINE.vblk_submit, vblk_done)" });

const load = {
  async calls(w) { fillCalls((await json("calls", w)).rows); },
  async locks(w) {
    const [waits, classes] = await Promise.all([json("locks", w),
      json("values", { prefix: "lock." })]);
    fillLocks(waits.rows);
    fillClasses(classes.objects.map((o) => ({ name: o.path.slice(5),
      waits: Number(o.values[0]?.lc_waits || 0),
      spins: Number(o.values[0]?.lc_spins || 0) }))
      .filter((r) => r.waits + r.spins > 0));
  },
  async faults(w) {
    const f = await json("faults", w);
    faultsHead.textContent = `${count(f.total)} faults, ${count(f.npages)} pages` +
      (f.read < f.total ? `; addresses of the first ${count(f.read)}` : "") +
      `, ${count(f.writes)} for writing`;
    fillFaults(f.threads);
    fillPages(f.pages);
  },
  async io(w) { fillIo((await json("io", w)).rows); },
};

let soon;

export function refreshTables() {
  const f = load[state.tab];
  clearTimeout(soon);
  if (f) soon = setTimeout(() => {
    f({ t0: state.t0, t1: state.t1 }).then(() => {
      sections[state.tab].dataset.filled = "1";
    }, () => {});
  }, 80);
}

on("window", refreshTables);
on("tab", refreshTables);
