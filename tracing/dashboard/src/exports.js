// SPDX-License-Identifier: BSD-2-Clause
// The export menu.  The browser saves the file as it comes, of any size; how far
// it is the server tells by the number that the export was begun with.

import { complain, words } from "./api.js";
import { bytes, count, element } from "./format.js";
import { state } from "./state.js";

const formats = [["text", "text, as ktrdump prints"], ["csv", "CSV"],
  ["chrome", "Chrome JSON (Perfetto, Speedscope)"], ["folded", "folded stacks"],
  ["segment", "the segment"]];
const rows = ["text", "csv", "chrome"];
const menu = document.getElementById("export"), box = document.getElementById("export-state");
const TRIES = 10; // a server that never heard of the job refused it
let last = 0, hide;

function tell(text, stays) {
  box.textContent = text;
  box.hidden = false;
  clearTimeout(hide);
  if (!stays) hide = setTimeout(() => { box.hidden = true; }, 10000);
}

function progress(name, s) {
  const size = `${count(s.events)} events, ${bytes(s.bytes)}`;
  if (s.how === "done") return `${name}: ${size}`;
  if (s.how === "broken") return `${name}: broken off after ${size}`;
  return `${name}: ${s.of > 0 ? Math.floor(100 * s.done / s.of) : 0} % (${size})`;
}

async function watch(job, name) {
  for (let tries = 0; tries < TRIES && job === last;) {
    await new Promise((r) => { setTimeout(r, 300); });
    const r = await fetch(`api/exporting?job=${job}`).catch(() => null);
    if (!r || !r.ok) {
      tries++;
      continue;
    }
    tries = 0;
    const s = await r.json();
    if (job !== last) return;
    tell(progress(name, s), s.how === "running");
    if (s.how !== "running") return;
  }
  if (job !== last) return;
  box.hidden = true;
  complain(`${name}: the export did not begin`);
}

function begin(format) {
  const job = rows.includes(format) ? Math.floor(Math.random() * 2 ** 50) + 1 : undefined;
  element("a", { href: `api/export?${words({ format, t0: state.t0, t1: state.t1,
    ...state.filter, job })}`, download: "" }).click();
  menu.open = false;
  if (job === undefined) return;
  last = job;
  tell(`${format}: begins`, true);
  watch(job, format);
}

document.getElementById("export-menu").append(...formats.map(([format, text]) =>
  element("button", { role: "menuitem", id: `export-${format}`,
    onclick: () => begin(format) }, text)));
// As a menu does: it closes when one looks elsewhere.
menu.addEventListener("focusout", (e) => {
  if (e.relatedTarget && !menu.contains(e.relatedTarget)) menu.open = false;
});
document.addEventListener("pointerdown", (e) => {
  if (!menu.contains(e.target)) menu.open = false;
});
menu.addEventListener("keydown", (e) => {
  if (e.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
  e.stopPropagation();
});
