// SPDX-License-Identifier: BSD-2-Clause
// A list of any length: only the rows in sight are asked for and made.  Its
// scroll bar is a real one as long as the list fits the browser's limit; of a
// longer one it stands for a share, and the wheel still moves row by row.

import { element } from "./format.js";

const ROW = 20, LONGEST = 6e6, PAGE = 200;

export class Rows {
  // fetch(first, n): rows; make(row): cells' HTML.
  constructor(box, fetch, make) {
    this.fetch = fetch;
    this.make = make;
    this.total = 0;
    this.top = 0;
    this.pages = new Map();
    this.asked = new Set();
    this.version = 0;
    this.view = element("div", { className: "vrows" });
    this.spacer = element("div");
    this.box = box;
    box.append(this.spacer, this.view);
    box.addEventListener("scroll", () => this.scrolled());
    box.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    new ResizeObserver(() => this.show()).observe(box);
  }

  get seen() { return Math.max(1, Math.floor(this.box.clientHeight / ROW)); }
  get height() { return Math.min(this.total * ROW, LONGEST); }
  get exact() { return this.total * ROW <= LONGEST; }

  reset(total) {
    this.pages.clear();
    this.asked.clear();
    this.version++;
    this.setTotal(total);
  }

  setTotal(total) {
    this.total = total;
    this.spacer.style.height = `${this.height}px`;
    this.show();
  }

  scrolled() {
    if (this.quiet) {
      this.quiet = false;
      return;
    }
    const most = this.height - this.box.clientHeight;
    this.top = this.exact ? this.box.scrollTop / ROW :
      this.box.scrollTop / Math.max(1, most) * (this.total - this.seen);
    this.show();
  }

  wheel(e) {
    if (this.exact) return;
    e.preventDefault();
    this.to(this.top + e.deltaY / ROW);
  }

  // Row r is the first in sight.
  to(r) {
    this.top = Math.max(0, Math.min(r, this.total - this.seen + 1));
    const most = this.height - this.box.clientHeight;
    const y = this.exact ? this.top * ROW :
      this.top / Math.max(1, this.total - this.seen) * most;
    if (Math.abs(y - this.box.scrollTop) >= 1) {
      this.quiet = true;
      this.box.scrollTop = y;
    }
    this.show();
  }

  async page(p) {
    const version = this.version;
    this.asked.add(p);
    try {
      const rows = await this.fetch(p * PAGE, PAGE);
      if (version !== this.version) return;
      this.pages.set(p, rows);
      if (this.pages.size > 40) this.pages.delete(this.pages.keys().next().value);
    } catch {
      return;
    } finally {
      this.asked.delete(p);
    }
    this.show();
  }

  show() {
    const first = Math.max(0, Math.floor(this.top)), out = [];
    for (let r = first; r < Math.min(this.total, first + this.seen + 1); r++) {
      const p = Math.floor(r / PAGE), page = this.pages.get(p);
      if (!page && !this.asked.has(p)) this.page(p);
      const row = page && page[r - p * PAGE];
      out.push(row ? this.make(row, r) : `<div class="vrow faint">…</div>`);
    }
    this.view.style.transform = `translateY(${this.box.scrollTop}px)`;
    this.view.innerHTML = out.join("");
    if (this.shown) this.shown(first);
  }
}
