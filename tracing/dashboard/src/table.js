// SPDX-License-Identifier: BSD-2-Clause
// A table that is sorted by a click on its head.

import { element } from "./format.js";

// columns: {name, key, text(row), left, click(row)}; returns fill(rows).
export function table(into, columns, options = {}) {
  let rows = [], by = options.by ?? 0, down = true;
  const body = element("tbody");
  const heads = columns.map((c, i) => element("th", {
    scope: "col", className: c.left ? "left" : "", tabIndex: 0,
    onclick: () => sort(i),
    onkeydown: (e) => { if (e.key === "Enter") sort(i); } }, c.name));
  const t = element("table", { className: "data" },
    element("caption", {}, options.caption || ""),
    element("thead", {}, element("tr", {}, ...heads)), body);
  into.append(t);

  function sort(i) {
    down = i === by ? !down : !columns[i].left;
    by = i;
    show();
  }

  function show() {
    const c = columns[by];
    rows.sort((a, b) => {
      const x = c.key(a), y = c.key(b);
      return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
    });
    heads.forEach((h, i) => h.setAttribute("aria-sort",
      i !== by ? "none" : down ? "descending" : "ascending"));
    body.replaceChildren(...rows.slice(0, 1000).map((r) => element("tr", {},
      ...columns.map((c) => {
        const text = c.text ? c.text(r) : String(c.key(r));
        return element("td", { className: c.left ? "left" : "" },
          c.click ? element("button", { className: "plain",
            onclick: () => c.click(r) }, text) : text);
      }))));
    if (rows.length === 0)
      body.append(element("tr", {}, element("td", { colSpan: columns.length,
        className: "faint left" }, options.empty || "nothing in this window")));
  }

  return (list) => { rows = list.slice(); show(); };
}
