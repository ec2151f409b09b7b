// SPDX-License-Identifier: BSD-2-Clause
// The strip over all: events by time of the whole trace; a drag chooses the
// window.

import uPlot from "uplot";
import { json } from "./api.js";
import { colors, onTheme } from "./colors.js";
import { duration } from "./format.js";
import { on, setWindow, state } from "./state.js";

const box = document.getElementById("strip");
const HEIGHT = 70;
let plot, rate;

// Its room without the padding.
function room() {
  const s = getComputedStyle(box);
  return Math.max(300, box.clientWidth - parseFloat(s.paddingLeft) - parseFloat(s.paddingRight));
}

const short = (x) => x >= 1e6 ? `${(x / 1e6).toPrecision(2)}M` :
  x >= 1e3 ? `${Math.round(x / 1e3)}k` : String(Math.round(x));

function over(u) {
  const c = colors(), g = u.ctx, { left, top, width, height } = u.bbox;
  const x = (t) => u.valToPos(t, "x", true);
  g.save();
  g.beginPath();
  g.rect(left, top, width, height);
  g.clip();
  g.fillStyle = c.loss;
  for (const [, begin, end] of rate.losses)
    g.fillRect(x(begin), top, Math.max(2, x(end) - x(begin)), 5);
  for (const m of rate.marks) {
    g.fillStyle = c[m.kind] || c.mark;
    g.fillRect(x(m.time) - 1, top, 2, height);
  }
  g.globalAlpha = 0.25;
  g.fillStyle = c.accent;
  g.fillRect(x(state.t0), top, Math.max(3, x(state.t1) - x(state.t0)), height);
  g.restore();
}

function make() {
  const c = colors(), grid = { show: false };
  plot?.destroy();
  plot = new uPlot({
    width: room(), height: HEIGHT, legend: { show: false },
    padding: [10, 8, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: false } },
    axes: [{ stroke: c.faint, grid, size: 22, space: 80, ticks: { show: false },
      values: (_, v) => v.map(duration) },
    { stroke: c.faint, grid, size: 64, splits: (u) => [u.scales.y.max],
      values: (_, v) => v.map((x) => `${short(x)}/s`) }],
    series: [{}, { stroke: c.faint, fill: c.faint + "55", width: 1, points: { show: false } }],
    hooks: { draw: [over], setSelect: [(u) => {
      if (u.select.width < 3) return;
      setWindow(u.posToVal(u.select.left, "x"),
        u.posToVal(u.select.left + u.select.width, "x"));
      u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    }] },
  }, data(), box);
}

function data() {
  const s = 1e9 / rate.bucket_ns;
  return [rate.events.map((_, i) => i * rate.bucket_ns), rate.events.map((e) => e * s)];
}

export async function refreshStrip() {
  rate = await json("rate", { n: 500 }).catch(() => rate);
  if (!rate) return;
  if (!plot) make();
  else plot.setData(data());
}

on("window", () => plot?.redraw(false));
onTheme(() => { if (rate) make(); });
new ResizeObserver(() => plot?.setSize({ width: room(), height: HEIGHT }))
  .observe(box);
