// SPDX-License-Identifier: BSD-2-Clause
// The live mode: the server says a few times a second how far the trace is; what
// is in sight is fetched again.  And the banner that states what is missing.

import { json } from "./api.js";
import { count, time } from "./format.js";
import { change, on, setWindow, state } from "./state.js";
import { refreshStrip } from "./strip.js";
import { refreshTables } from "./tables.js";
import { refresh } from "./timeline.js";

const banner = document.getElementById("loss");
const button = document.getElementById("follow");
let threadsAt = 0, stripAt = 0, tablesAt = 0, viewAt = 0;

export function showLoss(i) {
  const parts = [];
  if (i.lost > 0)
    parts.push(`${count(i.lost)} events were lost in ${count(i.losses)} ` +
      `place${i.losses === 1 ? "" : "s"} ` +
      "(hatched): the reader came too late");
  if (i.overwritten > 0)
    parts.push(`${count(i.overwritten)} older events were overwritten before ` +
      "this trace begins");
  if (i.forgotten > 0)
    parts.push(`details before ${time(i.detail_from)} s were given back`);
  if (i.no_memory) parts.push("memory was short: the index is not whole");
  banner.textContent = parts.join("; ");
  banner.hidden = parts.length === 0;
}

export async function loadThreads() {
  const t = await json("threads");
  state.threads = new Map(t.threads.map((x) => [x.t, x]));
  change("threads");
}

export function setFollow(yes) {
  state.follow = yes && state.info.live;
  button.setAttribute("aria-pressed", String(state.follow));
  if (state.follow) stick();
  change("follow");
}

function stick() {
  const len = Math.max(1e6, Math.min(state.t1 - state.t0, 10e9));
  setWindow(Math.max(0, state.end - len), state.end);
}

function news(n) {
  const now = performance.now();
  const wasEnd = state.end;
  Object.assign(state.info, n);
  state.end = Math.max(n.end, 1);
  if (state.t1 >= wasEnd && !state.follow && state.t0 === 0)
    setWindow(0, state.end);
  showLoss(state.info);
  document.body.dataset.rows = String(n.rows);
  // Following costs the server a scan of the window: the longer, the rarer.
  if (now - viewAt > Math.min(2000, Math.max(450, (state.t1 - state.t0) / 15e6))) {
    viewAt = now;
    if (state.follow) stick();
    if (state.tab === "timeline" && !document.hidden) refresh();
  }
  if (now - threadsAt > 3000) {
    threadsAt = now;
    loadThreads().catch(() => {});
  }
  if (now - stripAt > 2000) {
    stripAt = now;
    refreshStrip();
  }
  if (now - tablesAt > 2000) {
    tablesAt = now;
    refreshTables();
  }
  change("info");
}

export function startLive() {
  showLoss(state.info);
  button.hidden = !state.info.live;
  if (!state.info.live) return;
  const source = new EventSource("live");
  source.onmessage = (e) => {
    const n = JSON.parse(e.data);
    news(n);
    if (!n.live) {
      source.close();
      button.textContent = "ended";
      button.disabled = true;
      setFollow(false);
      loadThreads().catch(() => {});
    }
  };
}

button.addEventListener("click", () => setFollow(!state.follow));
on("window", () => {
  if (state.follow && state.t1 < state.end - (state.t1 - state.t0) / 2)
    setFollow(false);
});
