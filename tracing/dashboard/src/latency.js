// SPDX-License-Identifier: BSD-2-Clause
// The histogram of times between any two events.

import uPlot from "uplot";
import { json } from "./api.js";
import { colors } from "./colors.js";
import { count, duration, element } from "./format.js";
import { on, state, threadLabel } from "./state.js";
import { table } from "./table.js";
import { toTimeline } from "./tables.js";

const $ = (id) => document.getElementById(id);
let plot;

const fillSlowest = table($("l-slowest"), [
  { name: "began", key: (r) => r.begin, text: (r) => duration(r.begin),
    click: (r) => toTimeline(r.begin, r.ns, r.thread) },
  { name: "took", key: (r) => r.ns, text: (r) => duration(r.ns) },
  { name: "thread", left: true, key: (r) => threadLabel(r.thread) }],
{ by: 1, caption: "The slowest; a click goes there.",
  empty: "no pair of these events in this window" });

function draw(bars) {
  const c = colors();
  plot?.destroy();
  const xs = bars.map((b) => Math.log2(Math.max(1, b[0])));
  plot = new uPlot({
    width: Math.max(300, $("l-chart").clientWidth), height: 240,
    legend: { show: false }, cursor: { show: false },
    scales: { x: { time: false }, y: { distr: 3, log: 10 } },
    axes: [
      { stroke: c.fore, grid: { stroke: c.line }, label: "time between them", labelSize: 20,
        values: (_, v) => v.map((x) => duration(2 ** x)) },
      { stroke: c.fore, grid: { stroke: c.line }, size: 64, label: "pairs", labelSize: 20,
        values: (_, v) => v.map((x) => (x === null ? "" : count(x))) }],
    series: [{}, { fill: c.accent, stroke: c.accent,
      paths: uPlot.paths.bars({ size: [0.9, 40], align: 1 }), points: { show: false } }],
  }, [xs, bars.map((b) => b[2])], $("l-chart"));
}

async function show() {
  $("l-state").textContent = "…";
  let l;
  try {
    l = await json("latency", { begin: $("l-begin").value, end: $("l-end").value,
      field: $("l-field").value, t0: state.t0, t1: state.t1 });
  } catch (e) {
    $("l-state").textContent = e.message;
    return;
  }
  $("l-state").textContent = `${count(l.pairs)} pairs, ${count(l.unmatched)} ends ` +
    `without a begin, ${count(l.open)} still open`;
  $("l-numbers").replaceChildren(...["min", "p50", "p90", "p99", "p999", "max"]
    .map((k) => element("div", {}, element("b", {}, l.pairs > 0 ? duration(l[k]) : "-"),
      k === "p999" ? "p99.9" : k)));
  if (l.bars.length > 0) draw(l.bars);
  else {
    plot?.destroy();
    plot = null;
  }
  fillSlowest(l.slowest);
  $("tab-latency").dataset.filled = "1";
}

new ResizeObserver(() => plot?.setSize({
  width: Math.max(300, $("l-chart").clientWidth), height: 240 })).observe($("l-chart"));
$("latency-form").addEventListener("submit", (e) => {
  e.preventDefault();
  show();
});
on("tab", () => { if (state.tab === "latency") show(); });
let soon;
on("window", () => {
  clearTimeout(soon);
  if (state.tab === "latency") soon = setTimeout(show, 150);
});
