// SPDX-License-Identifier: BSD-2-Clause
// The flame graph of the window.

import { select } from "d3-selection";
import flamegraph from "d3-flame-graph";
import { json } from "./api.js";
import { css, rgb } from "./colors.js";
import { duration } from "./format.js";
import { on, state } from "./state.js";

const box = document.getElementById("flame");
const detail = document.getElementById("flame-detail");
let chart;

function hash(s) {
  let h = 0;
  for (const c of s) h = (h * 31 + c.charCodeAt(0)) % 9973;
  return h;
}

// Labels are black, whatever lies under them.
const pale = (c) => c.map((x) => Math.round(x * 0.65 + 255 * 0.35));

async function show() {
  const mode = document.querySelector("input[name=flame-mode]:checked").value;
  let tree;
  try {
    tree = await json("flame", { t0: state.t0, t1: state.t1, mode });
  } catch {
    return;
  }
  tree.value = tree.children.reduce((sum, c) => sum + c.value, 0);
  box.replaceChildren();
  if (tree.value === 0) {
    detail.textContent = "nothing was measured in this window";
    return;
  }
  drawn = box.clientWidth;
  chart = flamegraph().width(Math.max(300, box.clientWidth)).cellHeight(20)
    .minFrameSize(1).transitionDuration(200).selfValue(false).inverted(true)
    .setColorMapper((d) => css(pale(rgb(hash(d.data.name), 3))))
    .setLabelHandler((d) => `${d.data.name}: ${duration(d.value)}` +
      (d.data.count ? `, ${d.data.count} times` : ""));
  chart.setDetailsElement(detail);
  select(box).datum(tree).call(chart);
  box.dataset.filled = "1";
}

document.getElementById("flame-reset").addEventListener("click",
  () => chart?.resetZoom());
for (const r of document.querySelectorAll("input[name=flame-mode]"))
  r.addEventListener("change", show);
on("tab", () => { if (state.tab === "flame") show(); });
let soon, drawn = 0;
new ResizeObserver(() => {
  if (state.tab !== "flame" || !chart || box.clientWidth === drawn) return;
  clearTimeout(soon);
  soon = setTimeout(show, 200);
}).observe(box);
on("window", () => {
  clearTimeout(soon);
  if (state.tab === "flame") soon = setTimeout(show, 200);
});
