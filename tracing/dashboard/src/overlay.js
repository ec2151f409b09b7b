// SPDX-License-Identifier: BSD-2-Clause
// What lies over the picture of the buckets: axis, names, calls one by one,
// wakeups, losses, marks, the choice.

import { AXIS, MARKS, GUTTER, STATES, CALLS } from "./layout.js";
import { colors, css, onTop, rgb } from "./colors.js";
import { duration, steps, tick } from "./format.js";
import { callName, state, threadLabel } from "./state.js";

const FONT = "11px system-ui, sans-serif";

export class Overlay {
  constructor(g, width, height, x) {
    this.g = g;
    this.width = width;
    this.height = height;
    this.x = x; // time to pixel
    g.font = FONT;
    g.textBaseline = "middle";
  }

  axis() {
    const g = this.g, c = colors(), len = state.t1 - state.t0;
    const step = steps(len, Math.max(2, (this.width - GUTTER) / 110));
    g.strokeStyle = c.line;
    g.fillStyle = c.faint;
    g.textAlign = "left";
    g.beginPath();
    for (let t = Math.ceil(state.t0 / step) * step; t < state.t1; t += step) {
      const x = Math.round(this.x(t)) + 0.5;
      g.moveTo(x, 4);
      g.lineTo(x, this.height);
      g.fillText(tick(t, step), x + 4, AXIS / 2);
    }
    g.stroke();
    g.fillText(duration(len), 6, AXIS / 2);
  }

  // The row's name, in the gutter.
  names(rows) {
    const g = this.g, c = colors();
    g.fillStyle = c.back;
    g.fillRect(0, AXIS, GUTTER, this.height);
    g.textAlign = "left";
    for (const r of rows) {
      const name = r.kind === "cpu" ? `CPU ${r.cpu}` : threadLabel(r.thread);
      const y = r.y + r.height / 2, x = r.kind === "cpu" ? 6 : 18;
      if (r.kind !== "cpu") {
        g.fillStyle = css(rgb(r.thread));
        g.fillRect(6, y - 4, 8, 8);
      }
      g.fillStyle = c.fore;
      g.fillText(name, x, y, GUTTER - 6 - x);
    }
    g.strokeStyle = c.line;
    g.beginPath();
    g.moveTo(GUTTER - 0.5, AXIS);
    g.lineTo(GUTTER - 0.5, this.height);
    g.stroke();
  }

  label(text, x0, x1, y, color) {
    const g = this.g;
    x0 = Math.max(x0, GUTTER);
    x1 = Math.min(x1, this.width);
    if (x1 - x0 < 24) return;
    const fit = Math.floor((x1 - x0 - 6) / 6);
    g.fillStyle = color;
    g.textAlign = "left";
    g.fillText(text.length > fit ? text.slice(0, Math.max(1, fit - 1)) + "…" :
      text, x0 + 3, y);
  }

  laneNames(row, spans, view) {
    for (const [a, b, thread] of spans)
      this.label(threadLabel(thread), this.x(view.t0 + a * view.ns),
        this.x(view.t0 + b * view.ns), row.y + row.height - 9,
        onTop(rgb(thread)));
  }

  callNames(row, spans, view) {
    for (const [a, b, nr] of spans)
      this.label(callName(nr, row.thread), this.x(view.t0 + a * view.ns),
        this.x(view.t0 + b * view.ns), row.y + STATES + CALLS / 2, onTop(rgb(nr, 3)));
  }

  // Calls that are few enough: each with its border, a red one for an error.
  calls(rows, calls) {
    const g = this.g, c = colors();
    for (const [thread, begin, end, nr, error] of calls) {
      const row = rows.find((r) => r.thread === thread);
      if (!row) continue;
      const x0 = Math.max(this.x(begin), GUTTER), x1 = this.x(end);
      if (x1 < GUTTER || x0 > this.width || x1 - x0 < 3) continue;
      g.strokeStyle = error > 0 ? c.loss : css(rgb(nr, 3));
      g.strokeRect(x0 + 0.5, row.y + STATES + 1.5, Math.max(1, x1 - x0 - 1),
        CALLS - 3);
      this.label(callName(nr, thread), x0, x1, row.y + STATES + CALLS / 2,
        onTop(rgb(nr, 3)));
    }
  }

  // From where somebody was woken to where he ran.
  wakeups(rows, wakeups) {
    const g = this.g, c = colors();
    const lane = new Map(rows.filter((r) => r.kind === "cpu").map((r) => [r.cpu, r]));
    g.strokeStyle = c.accent;
    g.fillStyle = c.accent;
    g.globalAlpha = wakeups.length > 150 ? 0.4 : 0.75;
    for (const [when, from, runs, to, thread] of wakeups) {
      const a = lane.get(from), b = lane.get(to);
      const x0 = this.x(when), x1 = this.x(runs);
      if (!a || !b || x1 < GUTTER || x0 > this.width || x0 < GUTTER) continue;
      const row = rows.find((r) => r.thread === thread);
      if (row) {
        g.beginPath();
        g.arc(x0, row.y + STATES / 2, 2.5, 0, 7);
        g.fill();
      }
      // On the same CPU and at once: an arrow would hide what it tells.
      if (a === b && x1 - x0 < 5) continue;
      const y0 = a.y + a.height / 2, y1 = b === a ? b.y + 6 : b.y + b.height / 2;
      g.beginPath();
      g.moveTo(x0, y0);
      g.bezierCurveTo((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1);
      g.stroke();
      g.beginPath();
      g.moveTo(x1, y1);
      g.lineTo(x1 - 6, y1 - 3);
      g.lineTo(x1 - 6, y1 + 3);
      g.fill();
    }
    g.globalAlpha = 1;
  }

  losses(rows, losses) {
    const g = this.g, c = colors();
    for (const [cpu, begin, end] of losses) {
      const row = rows.find((r) => r.kind === "cpu" && r.cpu === cpu);
      const x0 = Math.max(this.x(begin), GUTTER);
      const x1 = Math.max(this.x(end), x0 + 3);
      if (!row || x1 < GUTTER || x0 > this.width) continue;
      g.save();
      g.beginPath();
      g.rect(x0, row.y, x1 - x0, row.height);
      g.clip();
      g.strokeStyle = c.loss;
      g.lineWidth = 2;
      g.beginPath();
      for (let x = x0 - row.height; x < Math.min(x1, this.width); x += 8) {
        g.moveTo(x, row.y + row.height);
        g.lineTo(x + row.height, row.y);
      }
      g.stroke();
      g.restore();
    }
  }

  marks(marks) {
    const g = this.g, c = colors();
    for (const [i, m] of marks.entries()) {
      const x = this.x(m.time);
      if (x < GUTTER || x > this.width) continue;
      g.strokeStyle = g.fillStyle = c[m.kind] || c.mark;
      g.beginPath();
      g.moveTo(x, AXIS + 2);
      g.lineTo(x - 5, AXIS + MARKS - 3);
      g.lineTo(x + 5, AXIS + MARKS - 3);
      g.fill();
      g.setLineDash([3, 3]);
      g.beginPath();
      g.moveTo(x, AXIS + MARKS);
      g.lineTo(x, this.height);
      g.stroke();
      g.setLineDash([]);
      // What it says, as far as the next one.
      const end = i + 1 < marks.length ? this.x(marks[i + 1].time) - 8 : this.width;
      this.label(m.text, x + 5, end, AXIS + MARKS / 2, c.fore);
    }
  }

  picked(picked, range) {
    const g = this.g, c = colors();
    if (range) {
      const x0 = Math.max(this.x(range[0]), GUTTER), x1 = this.x(range[1]);
      g.fillStyle = c.accent;
      g.globalAlpha = 0.2;
      g.fillRect(x0, AXIS, x1 - x0, this.height);
      g.globalAlpha = 1;
      g.fillText(duration(Math.abs(range[1] - range[0])), x0 + 4, AXIS + 7);
    }
    if (!picked) return;
    const x = Math.round(this.x(picked.time)) + 0.5;
    if (x < GUTTER || x > this.width) return;
    g.strokeStyle = c.accent;
    g.lineWidth = 2;
    g.beginPath();
    g.moveTo(x, AXIS);
    g.lineTo(x, this.height);
    g.stroke();
    g.lineWidth = 1;
  }
}
