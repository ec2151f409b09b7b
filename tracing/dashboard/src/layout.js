// SPDX-License-Identifier: BSD-2-Clause
// Where the rows of the timeline are: the axis, marks, a lane for each CPU, a
// track (states over calls) for each thread that is shown.

export const GUTTER = 132, AXIS = 22, MARKS = 14, LANE = 30, GAP = 4;
export const STATES = 12, CALLS = 18, TRACK = STATES + CALLS;

export function layout(cpus, threads) {
  const rows = [];
  let y = AXIS + MARKS;
  for (const cpu of cpus) {
    rows.push({ kind: "cpu", cpu, y, height: LANE });
    y += LANE + GAP;
  }
  y += 6;
  for (const thread of threads) {
    rows.push({ kind: "thread", thread, y, height: TRACK });
    y += TRACK + GAP;
  }
  return { rows, height: Math.max(y, 120) };
}

export function rowAt(rows, y) {
  return rows.find((r) => y >= r.y && y < r.y + r.height) || null;
}
