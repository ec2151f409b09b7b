// SPDX-License-Identifier: BSD-2-Clause
// Beside the timeline: what was picked, and which threads have a track.

import { json } from "./api.js";
import { css, rgb } from "./colors.js";
import { count, duration, element, escape, time } from "./format.js";
import { goTime } from "./events.js";
import { callName, change, on, setWindow, state, threadLabel } from "./state.js";

const $ = (id) => document.getElementById(id);
const filter = $("thread-filter");

export function listThreads() {
  const want = filter.value.trim().toLowerCase();
  const rows = [...state.threads.values()].filter((t) => t.events > 0 &&
    (want === "" || threadLabel(t.t).toLowerCase().includes(want)))
    .sort((a, b) => a.idle - b.idle || b.run - a.run || b.events - a.events).slice(0, 300);
  $("thread-list").replaceChildren(...rows.map((t) => {
    const box = element("input", { type: "checkbox",
      checked: state.shown.includes(t.t), onchange: () => toggle(t.t) });
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = css(rgb(t.t));
    return element("li", {}, element("label", {}, box, swatch, threadLabel(t.t),
      element("span", { className: "faint" }, ` ${duration(t.run)}`)));
  }));
  if (rows.length === 0)
    $("thread-list").append(element("li", { className: "faint" },
      want === "" ? "no thread has events" : "no thread is called so"));
}

function toggle(t) {
  const i = state.shown.indexOf(t);
  if (i >= 0) state.shown.splice(i, 1);
  else state.shown.push(t);
  change("shown");
}

filter.addEventListener("input", listThreads);

// --- what was picked ------------------------------------------------------------------

function lines(p) {
  const out = [["time", `${time(p.time)} s`]];
  if (p.cpu !== undefined) out.push(["CPU", String(p.cpu)]);
  if (p.thread !== undefined) {
    const t = state.threads.get(p.thread);
    out.push(["thread", threadLabel(p.thread)]);
    if (t) out.push(["ran", `${duration(t.run)}, ${count(t.calls)} calls`]);
  }
  if (p.call) {
    const [thread, begin, end, nr, error] = p.call;
    out.push(["call", callName(nr, thread)], ["took", duration(end - begin)],
      ["error", error > 0 ? `errno ${error}` : "none"]);
  }
  if (p.mark) out.push([p.mark.kind, `${p.mark.event} ${p.mark.text}`]);
  return out;
}

async function show() {
  const p = state.picked, box = $("picked");
  if (!p) return;
  const dl = element("dl", {});
  for (const [k, v] of lines(p)) dl.append(element("dt", {}, k), element("dd", {}, v));
  const buttons = element("p", { className: "bar" },
    element("button", { onclick: () => {
      state.tab = "events";
      change("tab");
      goTime(p.time);
    } }, "events here"));
  if (p.call) buttons.append(element("button", { onclick: () => {
    const len = p.call[2] - p.call[1];
    setWindow(p.call[1] - len / 4, p.call[2] + len / 4);
  } }, "zoom to it"));
  const near = element("ol", { className: "near" });
  box.replaceChildren(dl, buttons, near);
  const words = { t: p.time, n: 6 };
  if (p.thread !== undefined) words.thread = p.thread;
  else if (p.cpu !== undefined) words.cpu = p.cpu;
  const r = await json("rows", words).catch(() => null);
  if (!r || state.picked !== p) return;
  for (const row of r.rows) {
    const li = element("li", {});
    li.innerHTML = `<b>+${duration(row[1] - p.time)}</b> ` +
      `${escape(state.events[row[4]]?.name || "?")} <span class="faint">${escape(row[5])}</span>`;
    near.append(li);
  }
}

on("picked", show);
on("threads", listThreads);
on("shown", listThreads);
