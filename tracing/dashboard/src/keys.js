// SPDX-License-Identifier: BSD-2-Clause
// Keys, and the page that tells them.

import { search } from "./events.js";
import { element } from "./format.js";
import { setFollow } from "./live.js";
import { change, pan, setWindow, state, zoom } from "./state.js";
import { clearRange, zoomToRange } from "./timeline.js";

const help = document.getElementById("help");
export const tabs = [["timeline", "Timeline"], ["events", "Events"],
  ["calls", "System calls"], ["locks", "Locks"], ["faults", "Page faults"],
  ["io", "Block I/O"], ["latency", "Latency"], ["flame", "Flame graph"],
  ["objects", "Objects"]];

export function showTab(name) {
  state.tab = name;
  change("tab");
}

function find() {
  showTab("events");
  document.getElementById("f-text").focus();
}

const keys = [
  [["ArrowLeft", "a"], "left", () => pan(-0.15)],
  [["ArrowRight", "d"], "right", () => pan(0.15)],
  [["ArrowUp", "w", "+", "="], "zoom in", () => zoom(0.7)],
  [["ArrowDown", "s", "-"], "zoom out", () => zoom(1 / 0.7)],
  [["0"], "the whole trace", () => setWindow(0, state.end)],
  [["Home"], "to the beginning", () => setWindow(0, state.t1 - state.t0)],
  [["End"], "to the end", () => setWindow(state.end - (state.t1 - state.t0), state.end)],
  [["z"], "zoom to what was selected (Shift and drag, or drag on the axis)", zoomToRange],
  [["l"], "live: keep the newest in view", () => setFollow(!state.follow)],
  [["/"], "search", find],
  [["n"], "next hit", () => search(false)],
  [["N"], "previous hit", () => search(true)],
  [["?"], "this page", () => help.showModal()],
  [["Escape"], "nothing selected", clearRange],
];

help.append(element("h2", {}, "Keys"), element("dl", {}, ...keys.flatMap(
  ([names, what]) => [element("dt", {}, ...names.flatMap((n) =>
    [element("kbd", {}, n), " "])), element("dd", {}, what)]),
element("dt", {}, element("kbd", {}, "1"), " … ", element("kbd", {}, "9")),
element("dd", {}, "the views")),
element("p", {}, "Mouse: drag moves, the wheel zooms, Shift and wheel moves, a click chooses."),
element("button", { onclick: () => help.close() }, "close"));
document.getElementById("help-button").addEventListener("click", () => help.showModal());

document.addEventListener("keydown", (e) => {
  const typing = e.target.closest("input, select, textarea");
  if (e.ctrlKey || e.altKey || e.metaKey || help.open) return;
  if (typing) {
    if (e.key === "Escape") e.target.blur();
    return;
  }
  if (e.key >= "1" && e.key <= String(tabs.length)) {
    showTab(tabs[Number(e.key) - 1][0]);
    return;
  }
  const key = keys.find(([names]) => names.includes(e.key));
  if (!key) return;
  e.preventDefault();
  key[2]();
});
