// SPDX-License-Identifier: BSD-2-Clause
// The timeline's canvas: fetches views, draws them, moves and zooms.
//
// A view is fetched for three windows side by side, so moving has something to
// show before the next one comes; until then the old picture is drawn where it
// belongs, wider or narrower.  One request at a time, and always for the newest
// window.

import { json, view } from "./api.js";
import { picture, spans } from "./bitmap.js";
import { colors, onTheme } from "./colors.js";
import { AXIS, GUTTER, layout, rowAt } from "./layout.js";
import { Overlay } from "./overlay.js";
import { change, on, pan, setWindow, state, zoom } from "./state.js";

const canvas = document.getElementById("timeline");
const boxElement = document.getElementById("canvas-box");
const g = canvas.getContext("2d");
const BUCKETS = 4096;

let width = 800, place = { rows: [], height: 120 };
let data = null;    // the view, its picture, labels, details
let busy = false, wanted = false, range = null;
export const frames = []; // times of the last ones, for tests and benchmarks

const timeX = (t) => GUTTER + (t - state.t0) / (state.t1 - state.t0) *
  (width - GUTTER);
const xTime = (x) => state.t0 + (x - GUTTER) / (width - GUTTER) *
  (state.t1 - state.t0);

// --- drawing ------------------------------------------------------------------------

let pending = false;

export function draw() {
  if (pending) return;
  pending = true;
  requestAnimationFrame((now) => {
    pending = false;
    frames.push(now);
    if (frames.length > 600) frames.shift();
    paint();
  });
}

function resize() {
  const ratio = devicePixelRatio || 1;
  place = layout(state.info ? state.info.cpus.map((c) => c.cpu) : [], state.shown);
  width = Math.max(300, boxElement.clientWidth);
  const w = Math.round(width * ratio), h = Math.round(place.height * ratio);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.height = `${place.height}px`;
  }
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
}

function paint() {
  const c = colors();
  resize();
  g.fillStyle = c.back;
  g.fillRect(0, 0, width, place.height);
  g.fillStyle = c.lane;
  for (const r of place.rows) g.fillRect(GUTTER, r.y, width - GUTTER, r.height);
  const o = new Overlay(g, width, place.height, timeX);
  o.axis();
  if (data) {
    paintData(o);
    o.picked(state.picked, range);
  }
  o.names(place.rows);
}

function paintData(o) {
  const x0 = timeX(data.view.t0), x1 = timeX(data.view.t1);
  g.save();
  g.beginPath();
  g.rect(GUTTER, 0, width - GUTTER, place.height);
  g.clip();
  g.imageSmoothingEnabled = false;
  if (data.bitmap) g.drawImage(data.bitmap, x0, 0, x1 - x0, data.bitmap.height);
  if (data.rows === key()) {
    for (const row of place.rows) {
      const l = data.labels.get(row.kind + (row.cpu ?? row.thread));
      if (!l) continue;
      if (row.kind === "cpu") o.laneNames(row, l, data.view);
      else if (data.detail.many_calls) o.callNames(row, l, data.view);
    }
    o.calls(place.rows, data.detail.calls);
    o.wakeups(place.rows, data.detail.wakeups);
    o.losses(place.rows, data.detail.losses);
    o.marks(data.detail.marks);
  }
  g.restore();
}

// --- fetching -----------------------------------------------------------------------------

const key = () => place.rows.map((r) => r.kind + (r.cpu ?? r.thread)).join();

export async function refresh() {
  if (busy) {
    wanted = true;
    return;
  }
  if (!state.info) return;
  busy = true;
  try {
    do {
      wanted = false;
      await fetchView();
      draw();
    } while (wanted);
  } catch {
    // It was said where errors are said.
  } finally {
    busy = false;
  }
}

async function fetchView() {
  // Who follows moves by fetching: then the window alone, in its pixels.
  const len = state.t1 - state.t0, around = state.follow ? 0 : len;
  const t0 = Math.max(0, Math.floor(state.t0 - around));
  const t1 = Math.max(t0 + 2, Math.min(Math.ceil(state.t1 + around), state.end));
  const n = state.follow ? 1024 : BUCKETS;
  const threads = state.shown.join();
  const at = `${state.t0}-${state.t1}`;
  const [v, detail] = await Promise.all([
    view({ t0, t1, n, threads }),
    json("detail", { t0: Math.floor(state.t0), t1: Math.ceil(state.t1), threads })]);
  resize();
  const bitmap = await picture(v, place.rows, place.height);
  const labels = new Map();
  for (const c of v.cpus) labels.set("cpu" + c.cpu, spans(c.threads, c.top, v.n));
  for (const t of v.tracks)
    labels.set("thread" + t.thread, spans(t.calls, t.inCall, v.n));
  if (data && data.bitmap) data.bitmap.close();
  data = { view: v, detail, bitmap, labels, rows: key(), len };
  canvas.dataset.window = at; // for tests: what is drawn is of this
  canvas.dataset.drawn = String(Number(canvas.dataset.drawn || 0) + 1);
}

// Is what is there good for the window, in extent and in grain?
function enough() {
  if (!data || data.rows !== key()) return false;
  const len = state.t1 - state.t0;
  return data.view.t0 <= state.t0 && (data.view.t1 >= state.t1 ||
    data.view.t1 >= state.end) && len / data.len > 0.7 && len / data.len < 1.5;
}

let soon;

function windowChanged() {
  draw();
  // Details belong to the window itself: they follow when it rests.
  clearTimeout(soon);
  if (enough()) soon = setTimeout(refresh, 120);
  else refresh();
}

// --- what is under a point --------------------------------------------------------------

function at(e) {
  const box = canvas.getBoundingClientRect();
  const x = e.clientX - box.left, y = e.clientY - box.top;
  return { x, y, time: xTime(x), row: rowAt(place.rows, y) };
}

function pick(p) {
  const picked = { time: Math.max(0, Math.round(p.time)) };
  if (p.row && p.row.kind === "cpu") {
    picked.cpu = p.row.cpu;
    const lane = data && data.view.cpus.find((c) => c.cpu === p.row.cpu);
    const i = lane ? Math.floor((p.time - data.view.t0) / data.view.ns) : -1;
    if (lane && i >= 0 && i < data.view.n && lane.threads[i] !== 0xffffffff)
      picked.thread = lane.threads[i];
  } else if (p.row) {
    picked.thread = p.row.thread;
    const call = data && data.detail.calls.find((c) => c[0] === p.row.thread &&
      c[1] <= p.time && p.time <= c[2]);
    if (call) picked.call = call;
  }
  const mark = data && data.detail.marks.find((m) => Math.abs(timeX(m.time) - p.x) < 6);
  if (mark) picked.mark = mark;
  state.picked = picked;
  change("picked");
}

// --- mouse -----------------------------------------------------------------------------------

let drag = null;

canvas.addEventListener("pointerdown", (e) => {
  if (e.button !== 0) return;
  const p = at(e);
  drag = { x: p.x, t0: state.t0, t1: state.t1, start: p, moved: false,
    select: e.shiftKey || p.y < AXIS };
  canvas.setPointerCapture(e.pointerId);
});

canvas.addEventListener("pointermove", (e) => {
  if (!drag) return;
  const p = at(e);
  if (Math.abs(p.x - drag.x) > 3) drag.moved = true;
  if (!drag.moved) return;
  if (drag.select) {
    range = [drag.start.time, p.time].sort((a, b) => a - b);
    draw();
  } else {
    const by = (drag.x - p.x) / (width - GUTTER) * (drag.t1 - drag.t0);
    setWindow(drag.t0 + by, drag.t1 + by);
  }
});

canvas.addEventListener("pointerup", (e) => {
  if (!drag) return;
  const d = drag;
  drag = null;
  if (!d.moved) {
    range = null;
    pick(at(e));
  } else if (d.select && range && e.ctrlKey === false)
    draw();
});

canvas.addEventListener("dblclick", (e) => {
  const p = at(e);
  if (range) {
    setWindow(range[0], range[1]);
    range = null;
  } else zoom(0.25, (p.x - GUTTER) / (width - GUTTER));
});

canvas.addEventListener("wheel", (e) => {
  e.preventDefault();
  const share = Math.max(0, Math.min(1, (at(e).x - GUTTER) / (width - GUTTER)));
  if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY))
    pan((e.deltaX || e.deltaY) / (width - GUTTER));
  else zoom(Math.exp(Math.max(-1, Math.min(1, e.deltaY / 400))), share);
}, { passive: false });

// z: the window becomes what was selected.
export function zoomToRange() {
  if (range) setWindow(range[0], range[1]);
  range = null;
}

export function clearRange() {
  range = null;
  draw();
}

new ResizeObserver(() => { draw(); refresh(); }).observe(boxElement);
onTheme(() => { refresh(); draw(); });
on("window", windowChanged);
on("picked", draw);
on("shown", () => { draw(); refresh(); });
on("info", draw);
