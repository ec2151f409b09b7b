// SPDX-License-Identifier: BSD-2-Clause
// The page starts here.

import "uplot/dist/uPlot.min.css";
import "clusterize.js/clusterize.css";
import "./app.css";
import { json } from "./api.js";
import { allRows, fillChoices } from "./events.js";
import "./exports.js";
import "./flame.js";
import { count, duration, element, time } from "./format.js";
import { showTab, tabs } from "./keys.js";
import "./latency.js";
import { loadThreads, setFollow, startLive } from "./live.js";
import "./objects.js";
import { listThreads } from "./side.js";
import { change, hash, on, readHash, setWindow, state } from "./state.js";
import { refreshStrip } from "./strip.js";
import { frames, refresh } from "./timeline.js";

const $ = (id) => document.getElementById(id);

// --- tabs -----------------------------------------------------------------------------

$("tabs").append(...tabs.map(([name, text], i) => element("button", {
  id: `show-${name}`, role: "tab", "aria-controls": `tab-${name}`,
  title: `${text} (${i + 1})`, onclick: () => showTab(name) }, text)));

on("tab", () => {
  for (const [name] of tabs) {
    $(`tab-${name}`).hidden = name !== state.tab;
    $(`show-${name}`).setAttribute("aria-selected", String(name === state.tab));
  }
  if (state.tab === "events") allRows();
});

function tellWindow() {
  $("where").textContent = `${time(state.t0)} to ${time(state.t1)} s, ` +
    `${duration(state.t1 - state.t0)} of ${duration(state.end)}`;
}
on("window", tellWindow);

on("info", () => {
  const i = state.info;
  $("what").textContent = `${i.name || i.where} · ${i.machine} · ${i.state}` +
    (i.panic ? ` (${i.panic})` : "") + ` · ${count(i.rows)} events` +
    (i.live ? ` · ${count(Math.round(i.rate))}/s` : "");
});

// --- link -------------------------------------------------------------------------------

$("link").addEventListener("click", async () => {
  history.replaceState(null, "", hash());
  try {
    await navigator.clipboard.writeText(location.href);
    $("link").textContent = "copied";
  } catch {
    $("link").textContent = "in the address";
  }
  setTimeout(() => { $("link").textContent = "link"; }, 1500);
});

// --- start --------------------------------------------------------------------------------

function chooseThreads() {
  if (state.shown.length > 0) return;
  state.shown = [...state.threads.values()].filter((t) => !t.idle && t.events > 0)
    .sort((a, b) => b.run - a.run || b.events - a.events).slice(0, 6).map((t) => t.t);
}

async function start() {
  const [info, events] = await Promise.all([json("info"), json("events"), loadThreads()]);
  state.info = info;
  state.end = Math.max(info.end, 1);
  for (const e of events.events) state.events[e.id] = e;
  state.calls = events.calls;
  if (!readHash()) setWindow(0, state.end);
  chooseThreads();
  fillChoices();
  listThreads();
  change("info");
  change("tab");
  change("filter");
  if (state.picked) change("picked");
  tellWindow();
  startLive();
  if (state.follow) setFollow(true);
  refreshStrip();
  await refresh();
  document.body.dataset.ready = "1";
  performance.mark("ready");
}

on("threads", () => {
  if (!state.info) return;
  if (state.shown.length === 0) {
    chooseThreads();
    if (state.shown.length > 0) change("shown");
  }
  fillChoices();
});

// For tests and benchmarks: what the page knows.
window.mayfly = { state, setWindow, frames, refresh, showTab, change };
start().catch(() => {});
