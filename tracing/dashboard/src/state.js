// SPDX-License-Identifier: BSD-2-Clause
// What the page shows, in one place.  Who changes it says so (change), who
// draws it listens (on).  The address's hash has all that restores a view.

export const state = {
  info: null,          // api/info
  threads: new Map(),  // by the server's number
  events: [],          // by id
  calls: {},           // names of calls by ABI and number
  end: 1,              // of the trace, ns
  t0: 0, t1: 1,        // the window
  tab: "timeline",
  shown: [],           // threads with a track
  picked: null,        // {time, cpu, thread}
  filter: { text: "", events: "", where: "", cpu: "", thread: "" },
  object: "",
  follow: false,
};

const listeners = new Map();

export function on(what, func) {
  if (!listeners.has(what)) listeners.set(what, []);
  listeners.get(what).push(func);
}

export function change(what) {
  for (const f of listeners.get(what) || []) f();
  if (what !== "info" && what !== "threads") writeHash();
}

// --- the window -----------------------------------------------------------------

export const SHORTEST = 200; // ns

export function setWindow(t0, t1) {
  let len = Math.max(t1 - t0, SHORTEST);
  len = Math.min(len, Math.max(state.end, SHORTEST));
  t0 = Math.max(0, Math.min(t0, state.end - len));
  if (t0 === state.t0 && t0 + len === state.t1) return;
  state.t0 = t0;
  state.t1 = t0 + len;
  change("window");
}

export function pan(share) {
  const len = state.t1 - state.t0;
  setWindow(state.t0 + share * len, state.t1 + share * len);
}

// The point at this share of the window stays where it is.
export function zoom(factor, share = 0.5) {
  const len = (state.t1 - state.t0) * factor;
  const at = state.t0 + share * (state.t1 - state.t0);
  setWindow(at - share * len, at + (1 - share) * len);
}

export function goTo(time, len) {
  len = len || Math.min(state.t1 - state.t0, 2e6);
  setWindow(time - len / 2, time + len / 2);
}

// --- names ------------------------------------------------------------------------

export function threadName(t) {
  const ti = state.threads.get(t);
  return ti ? ti.name : `thread ${t}`;
}

export function threadLabel(t) {
  const ti = state.threads.get(t);
  if (!ti) return `thread ${t}`;
  return ti.pid > 0 ? `${ti.name} ${ti.tid}` : ti.name;
}

// Numbers of calls are the ABI's that the thread speaks now; of a kernel that
// does not tell it, Linux's.
export function callName(nr, thread) {
  const ti = thread === undefined ? null : state.threads.get(thread);
  const names = state.calls[ti?.abi || "linux64"] || [];
  return names[nr] || `call ${nr << 16 >> 16}`;
}

// --- the link -----------------------------------------------------------------------

let writing;

function writeHash() {
  clearTimeout(writing);
  writing = setTimeout(() => history.replaceState(null, "", hash()), 150);
}

export function hash() {
  const w = new URLSearchParams();
  w.set("tab", state.tab);
  w.set("t", `${Math.round(state.t0)}-${Math.round(state.t1)}`);
  if (state.shown.length) w.set("threads", state.shown.join("."));
  if (state.picked)
    w.set("at", `${Math.round(state.picked.time)}.${state.picked.cpu ?? ""}.` +
      `${state.picked.thread ?? ""}`);
  for (const [k, v] of Object.entries(state.filter)) if (v) w.set(`f.${k}`, v);
  if (state.object) w.set("object", state.object);
  if (state.follow) w.set("follow", "1");
  return "#" + w.toString();
}

export function readHash() {
  const w = new URLSearchParams(location.hash.slice(1));
  const m = /^(\d+)-(\d+)$/.exec(w.get("t") || "");
  state.tab = w.get("tab") || state.tab;
  if (w.get("threads"))
    state.shown = w.get("threads").split(".").map(Number)
      .filter((t) => state.threads.has(t));
  for (const k of Object.keys(state.filter))
    state.filter[k] = w.get(`f.${k}`) || "";
  state.object = w.get("object") || "";
  state.follow = w.get("follow") === "1";
  const at = /^(\d+)\.(\d*)\.(\d*)$/.exec(w.get("at") || "");
  if (at)
    state.picked = { time: +at[1], cpu: at[2] === "" ? undefined : +at[2],
      thread: at[3] === "" ? undefined : +at[3] };
  if (m) setWindow(+m[1], +m[2]);
  return m !== null;
}
