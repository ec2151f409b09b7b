// SPDX-License-Identifier: BSD-2-Clause
// The table of events: all of them, or those that a filter takes; search.

import { json } from "./api.js";
import { count, element, escape, time } from "./format.js";
import { Rows } from "./rows.js";
import { change, goTo, on, state, threadLabel } from "./state.js";

const $ = (id) => document.getElementById(id);
const fields = { text: $("f-text"), events: $("f-events"), where: $("f-where"),
  cpu: $("f-cpu"), thread: $("f-thread") };
const said = $("f-state"), more = $("event-more");

let chosen = -1;        // row number of the trace
let first = 0;          // row number of the table's row 0, without a filter
let found = null;       // rows of the filter; null: there is none
let next = 0, done = true, filling = false, words = {};

function make(r) {
  const name = state.events[r[4]]?.name || "?";
  const [group] = name.split(".");
  return `<div class="vrow${r[0] === chosen ? " chosen" : ""}" role="row" data-row="${r[0]}" ` +
    `data-time="${r[1]}" data-cpu="${r[2]}" data-thread="${r[3]}">` +
    `<span class="c-row">${count(r[0])}</span><span class="c-time">${time(r[1])}</span>` +
    `<span class="c-cpu">${r[2]}</span>` +
    `<span class="c-thread">${escape(threadLabel(r[3]))}</span>` +
    `<span class="c-name g-${escape(group)}">${escape(name)}</span>` +
    `<span class="c-fields">${escape(r[5])}</span></div>`;
}

const list = new Rows($("event-table"), fetchRows, make);

async function fetchRows(from, n) {
  if (found) return found.slice(from, from + n);
  return (await json("rows", { from: first + from, n })).rows;
}

const filtered = () => Object.values(state.filter).some((v) => v !== "");

export function allRows() {
  if (found || !state.info) return;
  first = state.info.first_row;
  const total = state.info.rows - first;
  if (total !== list.total) list.setTotal(total);
}

// --- the filter ---------------------------------------------------------------------

async function fill(until) {
  if (filling || done) return;
  filling = true;
  const mine = words;
  try {
    while (!done && found.length < until) {
      said.textContent = `${count(found.length)} found, looking at ` +
        `${count(next)} of ${count(state.info.rows)}`;
      const r = await json("rows", { ...mine, from: next, n: 1000 });
      if (mine !== words) return;
      found.push(...r.rows);
      next = r.next;
      done = r.end;
      list.pages.clear();
      list.setTotal(found.length);
    }
    said.textContent = done ? `${count(found.length)} events` :
      `${count(found.length)} so far; scroll for more`;
  } catch (e) {
    said.textContent = e.message;
    done = true;
  } finally {
    filling = false;
  }
}

function apply() {
  for (const [k, f] of Object.entries(fields)) f.value = state.filter[k];
  words = { ...state.filter };
  if (!filtered()) {
    found = null;
    said.textContent = "";
    list.reset(0);
    list.total = -1;
    allRows();
    return;
  }
  found = [];
  next = state.info.first_row;
  done = filling = false;
  list.reset(0);
  list.to(0);
  fill(1000);
}

list.shown = (top) => {
  if (found && !done && top + list.seen > found.length - 100) fill(found.length + 1000);
};

$("event-filter").addEventListener("submit", (e) => {
  e.preventDefault();
  for (const [k, f] of Object.entries(fields)) state.filter[k] = f.value.trim();
  change("filter");
});
$("f-clear").addEventListener("click", () => {
  for (const k of Object.keys(state.filter)) state.filter[k] = "";
  change("filter");
});

// --- search: in the whole list, from the chosen row on ----------------------------------

export async function search(back) {
  const w = { text: fields.text.value.trim(), events: fields.events.value.trim(),
    where: fields.where.value.trim(), cpu: fields.cpu.value, thread: fields.thread.value };
  let from = chosen >= 0 ? chosen + (back ? 0 : 1) : first + Math.floor(list.top);
  for (;;) {
    let r;
    try {
      r = await json("search", { ...w, from, back: back ? 1 : 0 });
    } catch {
      return;
    }
    if (r.found) {
      said.textContent = `row ${count(r.row)}`;
      goRow(r.row);
      return;
    }
    if (r.end) {
      said.textContent = back ? "none before" : "none behind";
      return;
    }
    from = r.next;
    said.textContent = `searching, at ${count(from)}`;
  }
}
$("f-next").addEventListener("click", () => search(false));
$("f-prev").addEventListener("click", () => search(true));

// --- choosing a row -----------------------------------------------------------------------

function goRow(row) {
  chosen = row;
  if (found) {
    const i = found.findIndex((r) => r[0] >= row);
    if (i >= 0) list.to(i - 5);
  } else list.to(row - first - 5);
  list.show();
  explain(row);
}

async function explain(row) {
  const r = await json("row", { from: row }).catch(() => null);
  if (!r) return;
  more.replaceChildren(
    `row ${count(r.row)}   ${time(r.time)} s   CPU ${r.cpu}   ` +
    `${threadLabel(r.thread)}   ${r.name}   ${r.fields ?? "(its fields are gone)"}   ` +
    `${r.place}   `,
    element("button", { onclick: () => {
      state.picked = { time: r.time, cpu: r.cpu, thread: r.thread };
      if (!state.shown.includes(r.thread)) {
        state.shown.push(r.thread);
        change("shown");
      }
      state.tab = "timeline";
      goTo(r.time);
      change("tab");
      change("picked");
    } }, "timeline"));
}

$("event-table").addEventListener("click", (e) => {
  const row = e.target.closest("[data-row]");
  if (!row) return;
  chosen = Number(row.dataset.row);
  state.picked = { time: Number(row.dataset.time), cpu: Number(row.dataset.cpu),
    thread: Number(row.dataset.thread) };
  list.show();
  explain(chosen);
  change("picked");
});

$("event-table").addEventListener("keydown", (e) => {
  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: list.seen, PageUp: -list.seen }[e.key];
  if (by === undefined) return;
  e.preventDefault();
  e.stopPropagation();
  list.to(list.top + by);
});

// The row of a time: where the timeline was clicked.
export async function goTime(t) {
  const r = await json("rows", { t, n: 1 }).catch(() => null);
  if (r && r.rows.length > 0) goRow(r.rows[0][0]);
}

export function fillChoices() {
  const option = (value, text) => element("option", { value }, text);
  $("event-names").replaceChildren(...state.events.filter((e) => e)
    .map((e) => option(e.name, "")));
  fields.cpu.replaceChildren(option("", "all CPUs"),
    ...state.info.cpus.map((c) => option(String(c.cpu), `CPU ${c.cpu}`)));
  const kept = fields.thread.value;
  fields.thread.replaceChildren(option("", "all threads"),
    ...[...state.threads.values()].filter((t) => t.events > 0)
      .map((t) => option(String(t.t), threadLabel(t.t))));
  fields.thread.value = kept;
}

on("filter", apply);
on("info", allRows);
