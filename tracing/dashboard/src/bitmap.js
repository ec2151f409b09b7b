// SPDX-License-Identifier: BSD-2-Clause
// A view's buckets as a picture, one pixel a bucket: made once when it comes,
// then moving and zooming only copies it.

import { STATES, CALLS } from "./layout.js";
import { colors, parse, rgb } from "./colors.js";

const NONE = 0xffffffff;

class Picture {
  constructor(width, height) {
    this.width = width;
    this.data = new ImageData(width, height);
    this.pixels = new Uint32Array(this.data.data.buffer);
  }

  column(x, y0, y1, color) {
    for (let y = y0; y < y1; y++) this.pixels[y * this.width + x] = color;
  }
}

const pack = (c, alpha = 255) =>
  (alpha << 24 | c[2] << 16 | c[1] << 8 | c[0]) >>> 0;

// Busy from below, in the colour of the thread that had most of it; events
// without a known thread are a faint line.
function cpuLane(pic, row, cpu, n) {
  const bottom = row.y + row.height, faint = pack(parse(colors().faint), 120);
  for (let i = 0; i < n; i++) {
    if (cpu.busy[i] > 0) {
      const h = Math.max(2, Math.round(cpu.busy[i] / 255 * row.height));
      const own = cpu.threads[i] === NONE ? null : rgb(cpu.threads[i]);
      const share = cpu.top[i] / cpu.busy[i];
      pic.column(i, bottom - h, bottom,
        own ? pack(own, 120 + Math.round(135 * Math.min(1, share))) : faint);
    } else if (cpu.events[i] > 0)
      pic.column(i, bottom - 2, bottom, faint);
  }
}

function track(pic, row, tr, n) {
  const c = colors();
  const parts = [[tr.runs, pack(parse(c.run))], [tr.ready, pack(parse(c.ready))],
    [tr.waits, pack(parse(c.wait))], [tr.sleeps, pack(parse(c.sleep), 150)]];
  const y1 = row.y + STATES, calls = row.y + STATES + 1;
  for (let i = 0; i < n; i++) {
    let y = y1, sum = 0;
    for (const [values, color] of parts) {
      if (values[i] === 0 || y <= row.y) continue;
      sum += values[i];
      const top = Math.min(y - 1, y1 - Math.round(Math.min(255, sum) / 255 * STATES));
      pic.column(i, Math.max(row.y, top), y, color);
      y = top;
    }
    if (tr.inCall[i] > 0)
      pic.column(i, calls, calls + CALLS - 2,
        pack(rgb(tr.calls[i], 3), 70 + Math.round(tr.inCall[i] * 0.7)));
  }
}

// null: there is nothing to draw.
export async function picture(view, rows, height) {
  if (view.n === 0) return null;
  const pic = new Picture(view.n, height);
  for (const row of rows) {
    if (row.kind === "cpu") {
      const cpu = view.cpus.find((c) => c.cpu === row.cpu);
      if (cpu) cpuLane(pic, row, cpu, view.n);
    } else {
      const tr = view.tracks.find((t) => t.thread === row.thread);
      if (tr) track(pic, row, tr, view.n);
    }
  }
  return createImageBitmap(pic.data);
}

// Neighbours with one value, for labels: [first bucket, behind the last, value].
export function spans(values, weights, n) {
  const out = [];
  for (let i = 0; i < n;) {
    let j = i + 1;
    while (j < n && values[j] === values[i] && weights[j] > 40) j++;
    if (values[i] !== NONE && weights[i] > 40 && j - i > 3)
      out.push([i, j, values[i]]);
    i = j;
  }
  return out;
}
