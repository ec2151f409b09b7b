// SPDX-License-Identifier: BSD-2-Clause
// The objects of the segment: a list, and the members of one, again each second.

import Clusterize from "clusterize.js";
import { json } from "./api.js";
import { element, escape } from "./format.js";
import { change, on, state } from "./state.js";

const $ = (id) => document.getElementById(id);
let objects = [], before = new Map(), timer, list;

function listObjects() {
  const want = $("object-filter").value.trim().toLowerCase();
  const rows = objects.filter((o) => o.path.toLowerCase().includes(want));
  $("object-list").replaceChildren(...rows.map((o) => element("li", {}, element("button", { className: "plain", title: `${o.type}, ${o.size} x ${o.count}`,
      onclick: () => { state.object = o.path; change("object"); } }, o.path),
    element("span", { className: "faint" }, ` ${o.class}, ${o.access}`))));
  if (rows.length === 0)
    $("object-list").append(element("li", { className: "faint" },
      want === "" ? "the segment has no objects" : "no object is called so"));
}

async function show() {
  const path = state.object, o = objects.find((x) => x.path === path);
  if (!path || !o) return;
  const r = await json("object", { path }).catch(() => null);
  if (!r || path !== state.object) return;
  const now = new Map(), rows = [];
  r.elements.forEach((leaves, i) => {
    for (const [name, value] of leaves) {
      const key = `${i}.${name}`, old = before.get(key);
      now.set(key, value);
      rows.push(`<tr${old !== undefined && old !== value ? ' class="new"' : ""}>` +
        `<td>${i}</td><td>${escape(name)}</td><td>${escape(value)}</td></tr>`);
    }
  });
  before = now;
  $("object-name").textContent = `${path}  (${o.type}, ${o.class}, ${o.access})` +
    (r.cut ? ": only a part" : "");
  list ||= new Clusterize({ rows: [], scrollId: "object-scroll",
    contentId: "object-rows", rows_in_block: 40 });
  list.update(rows);
  $("object-main").dataset.shown = String(Number($("object-main").dataset.shown || 0) + 1);
}

function again() {
  clearInterval(timer);
  if (state.tab !== "objects") return;
  timer = setInterval(() => {
    if ($("object-refresh").checked && !document.hidden) show();
  }, 1000);
}

$("object-filter").addEventListener("input", listObjects);
on("object", () => { before = new Map(); show(); });
on("tab", async () => {
  again();
  if (state.tab !== "objects") return;
  objects = (await json("objects").catch(() => ({ objects: [] }))).objects
    .sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }));
  listObjects();
  show();
});
