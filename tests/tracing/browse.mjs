// SPDX-License-Identifier: BSD-2-Clause
// The dashboard in headless Chromium: node browse.mjs NPM CASE URL.  A case
// ends well or throws; a picture of the page lies beside it.  Nothing in here
// depends on how fast the page is.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";

const [npm, name, url] = process.argv.slice(2);
const { chromium } = createRequire(npm + "/package.json")("playwright-core");
const WAIT = { timeout: 60000 };
let page;

const state = () => page.evaluate(() => {
  const { info, t0, t1, tab, shown, picked, end, follow, filter } = window.mayfly.state;
  return { info, t0, t1, tab, shown, picked, end, follow, filter };
});
const until = (f, arg) => page.waitForFunction(f, arg, WAIT);
const text = (selector) => page.textContent(selector, WAIT);
// The picture and its details are those of the window.
const settled = () => until(() => document.getElementById("timeline").dataset.window ===
  `${window.mayfly.state.t0}-${window.mayfly.state.t1}`);

// Colours of the timeline's pixels: something was drawn.
const colors = () => page.evaluate(() => {
  const c = document.getElementById("timeline");
  const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
  const all = new Set();
  for (let i = 0; i < d.length; i += 4) all.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]);
  return all.size;
});

async function open(hash = "") {
  await page.goto(url + hash, WAIT);
  await until(() => document.body.dataset.ready === "1");
}

// A place on the timeline where a call of a shown thread is wide enough.
async function aCall() {
  await page.evaluate(async () => {
    const m = window.mayfly;
    const t = m.state.shown.join();
    const d = await (await fetch(`api/detail?threads=${t}`)).json();
    let calls = d.calls;
    if (d.many_calls) {
      const mid = Math.round(m.state.end / 2);
      calls = (await (await fetch(`api/detail?threads=${t}&t0=${mid}&t1=${mid + 5000000}`)).json()).calls;
    }
    // Not one that lasts all the while: the window must change.
    const c = calls.filter((c) => (c[2] - c[1]) * 6 < m.state.end)
      .sort((a, b) => (b[2] - b[1]) - (a[2] - a[1]))[0];
    window.wanted = c;
    m.setWindow(c[1] - (c[2] - c[1]), c[2] + (c[2] - c[1]));
  });
  return page.evaluate(() => window.wanted);
}

const cases = {
  async open() {
    await open();
    assert.match(await text("#what"), /stopped/);
    assert.ok(await colors() > 8, "nothing is drawn");
    assert.equal(await page.locator("#thread-list li").count() > 3, true);
    assert.equal(await page.locator("#strip canvas").count(), 1);
    assert.equal(await page.isHidden("#loss"), true, "a loss banner without a loss");
  },

  async zoom() {
    await open();
    const before = await state();
    const box = await page.locator("#timeline").boundingBox();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 60);
    await page.mouse.wheel(0, -400);
    await until((len) => window.mayfly.state.t1 - window.mayfly.state.t0 < len,
      before.t1 - before.t0);
    await settled();
    const near = await state();
    const share = (0.6 * box.width - 132) / (box.width - 132);
    const at = before.t0 + share * (before.t1 - before.t0);
    const still = near.t0 + share * (near.t1 - near.t0);
    assert.ok(Math.abs(at - still) < (before.t1 - before.t0) / 200,
      "what is under the mouse moved");
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.4, box.y + 60, { steps: 5 });
    await page.mouse.up();
    const moved = await state();
    assert.ok(moved.t0 > near.t0, "a drag to the left shows what is later");
    assert.equal(Math.round(moved.t1 - moved.t0), Math.round(near.t1 - near.t0));
    assert.ok(await colors() > 8);
  },

  async keyboard() {
    await open();
    const all = await state();
    await page.keyboard.press("w");
    await page.keyboard.press("ArrowUp");
    const near = await state();
    assert.ok(near.t1 - near.t0 < (all.t1 - all.t0) * 0.6, "w and up zoom in");
    await page.keyboard.press("d");
    assert.ok((await state()).t0 > near.t0, "d moves right");
    await page.keyboard.press("ArrowLeft");
    assert.equal(Math.round((await state()).t0), Math.round(near.t0));
    await page.keyboard.press("Home");
    assert.equal((await state()).t0, 0);
    await page.keyboard.press("End");
    assert.equal((await state()).t1, all.end);
    await page.keyboard.press("0");
    assert.equal((await state()).t1, all.t1);
    await page.keyboard.press("?");
    assert.equal(await page.isVisible("#help"), true, "? shows the keys");
    await page.keyboard.press("Escape");
    for (const [i, tab] of ["timeline", "events", "calls", "locks", "faults", "io",
      "latency", "flame", "objects"].entries()) {
      await page.keyboard.press(String(i + 1));
      assert.equal(await page.isVisible(`#tab-${tab}`), true, `${i + 1} shows ${tab}`);
      assert.equal(await page.getAttribute(`#show-${tab}`, "aria-selected"), "true");
    }
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "f-text");
    await page.keyboard.type("ww");
    assert.equal((await state()).t1, all.t1, "typing is no zooming");
    await page.keyboard.press("Escape");
    // Everything is reached by Tab, and what is reached has a name.
    await page.keyboard.press("1");
    const names = await page.evaluate(() => [...document.querySelectorAll(
      "button, input, select, [tabindex='0']")].filter((e) => e.checkVisibility())
      .map((e) => e.getAttribute("aria-label") || e.textContent.trim() ||
        e.closest("label")?.textContent.trim() || e.placeholder));
    assert.ok(names.every((n) => n), "something has no name");
  },

  async click() {
    await open();
    const call = await aCall();
    await settled();
    const row = await page.evaluate((t) => window.mayfly.state.shown.indexOf(t), call[0]);
    const { info } = await state();
    const box = await page.locator("#timeline").boundingBox();
    const y = 22 + 14 + info.cpus.length * 34 + 6 + row * 34 + 20;
    const s = await state(), mid = (call[1] + call[2]) / 2;
    const x = 132 + (mid - s.t0) / (s.t1 - s.t0) * (box.width - 132);
    await page.mouse.click(box.x + x, box.y + y);
    await until(() => window.mayfly.state.picked);
    const { picked } = await state();
    assert.equal(picked.thread, call[0]);
    assert.deepEqual(picked.call, call, "the call that was clicked");
    assert.match(await text("#picked"), /took/);
    await page.waitForSelector("#picked .near li", WAIT);
    await page.click("text=events here");
    await page.waitForSelector(".vrow.chosen", WAIT);
    assert.equal((await state()).tab, "events");
  },

  async filter() {
    await open();
    await page.click("#show-events");
    await page.waitForSelector(".vrow .c-name", WAIT);
    const { info } = await state();
    // The end of a long list is reached.
    await page.evaluate(() => { const t = document.getElementById("event-table"); t.scrollTop = t.scrollHeight; });
    await until((last) => [...document.querySelectorAll(".vrow")].some((r) =>
      Number(r.dataset.row) === last), info.rows - 1);
    await page.fill("#f-events", "SYSCALL.leave");
    await page.fill("#f-where", "error ~= 0");
    await page.click("text=filter >> nth=0");
    await until(() => /^\d[\d,]* events$/.test(document.getElementById("f-state").textContent));
    const rows = await page.locator(".vrow").allTextContents();
    assert.ok(rows.length > 0 && rows.every((r) => /SYSCALL\.leave/.test(r) &&
      !/error=0 /.test(r)), `rows: ${rows.slice(0, 3)}`);
    await page.fill("#f-where", "error ==");
    await page.click("text=filter >> nth=0");
    await page.waitForSelector("#error:not([hidden])", WAIT);
    await page.click("#f-clear");
    await page.fill("#f-text", "pid");
    await page.fill("#f-events", "PROC");
    await page.click("#f-next");
    await page.waitForSelector(".vrow.chosen", WAIT);
    const first = Number(await page.getAttribute(".vrow.chosen", "data-row"));
    await page.click("#f-next");
    await until((f) => Number(document.querySelector(".vrow.chosen")?.dataset.row) > f, first);
    await page.click("#f-prev");
    await until((f) => Number(document.querySelector(".vrow.chosen")?.dataset.row) === f, first);
    assert.match(await text("#event-more"), /PROC\./);
  },

  async tables() {
    await open();
    await page.click("#show-calls");
    await page.waitForSelector("#tab-calls[data-filled]", WAIT);
    const counts = async () => (await page.locator(
      "#tab-calls tbody td:nth-child(2)").allTextContents()).map((x) => Number(x.replace(/,/g, "")));
    await page.click("#tab-calls th:nth-child(2)");
    let c = await counts();
    assert.deepEqual(c, [...c].sort((a, b) => b - a), "sorted by count");
    await page.click("#tab-calls th:nth-child(2)");
    c = await counts();
    assert.deepEqual(c, [...c].sort((a, b) => a - b), "and back");
    await page.locator("#tab-calls tbody td:nth-child(7) button").first().click();
    assert.equal((await state()).tab, "timeline", "a maximum goes to the timeline");
    await page.keyboard.press("0");
    await page.click("#show-faults");
    await page.waitForSelector("#tab-faults[data-filled]", WAIT);
    assert.match(await text("#tab-faults p"), /faults/);
    await page.click("#show-locks");
    await page.waitForSelector("#tab-locks[data-filled]", WAIT);
    await page.click("#show-io");
    await page.waitForSelector("#tab-io[data-filled]", WAIT);
  },

  async latency() {
    await open();
    await page.click("#show-latency");
    await page.waitForSelector("#tab-latency[data-filled]", WAIT);
    assert.match(await text("#l-state"), /^[1-9][\d,]* pairs/);
    assert.equal(await page.locator("#l-chart canvas").count(), 1);
    await page.fill("#l-begin", "SCHED.wakeup");
    await page.fill("#l-end", "nothing");
    await page.click("#latency-form button");
    await until(() => /no event/.test(document.getElementById("l-state").textContent));
    await page.fill("#l-end", "SCHED.switch");
    await page.click("#latency-form button");
    await until(() => /pairs/.test(document.getElementById("l-state").textContent));
    await page.locator("#l-slowest button").first().click();
    assert.equal((await state()).tab, "timeline");
  },

  async flame() {
    await open();
    await page.click("#show-flame");
    await page.waitForSelector("#flame .frame", WAIT);
    const n = await page.locator("#flame .frame").count();
    assert.ok(n > 10, `${n} frames`);
    await page.check("input[value=cpu]");
    await page.waitForSelector("#flame .frame", WAIT);
    await page.locator("#flame .frame").nth(3).hover();
    await until(() => document.getElementById("flame-detail").textContent !== "");
  },

  async objects() {
    await open();
    await page.click("#show-objects");
    await page.fill("#object-filter", "lwkt.cpu0");
    await page.click("#object-list button");
    await until(() => /lwkt.cpu0/.test(document.getElementById("object-name").textContent));
    await page.waitForSelector("text=c_curthread", WAIT);
    const n = Number(await page.getAttribute("#object-main", "data-shown"));
    await until((k) => Number(document.getElementById("object-main").dataset.shown) > k + 1, n);
  },

  async loss() {
    await open();
    await page.waitForSelector("#loss:not([hidden])", WAIT);
    assert.match(await text("#loss"), /100 events were lost in 1 place/);
    const { info } = await state();
    assert.equal(info.lost, 100);
    const red = await page.evaluate(() => {
      const c = document.getElementById("timeline");
      const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
      let n = 0;
      for (let i = 0; i < d.length; i += 4) n += d[i] === 0xc7 && d[i + 1] === 0x35;
      return n;
    });
    assert.ok(red > 10, "the loss is not hatched");
  },

  async link() {
    await open();
    await aCall();
    await page.click("#show-events");
    await page.fill("#f-events", "SCHED");
    await page.click("text=filter >> nth=0");
    const box = await state();
    await page.click("#link");
    const there = page.url();
    assert.match(there, /#tab=events/);
    const second = await page.context().newPage();
    const first = page;
    page = second;
    await page.goto(there, WAIT);
    await until(() => document.body.dataset.ready === "1");
    const again = await state();
    assert.equal(again.tab, "events");
    assert.ok(Math.abs(again.t0 - box.t0) <= 1 && Math.abs(again.t1 - box.t1) <= 1);
    assert.deepEqual(again.filter, box.filter);
    assert.deepEqual(again.shown, box.shown);
    await first.close();
  },

  async exports() {
    await open();
    await page.click("#export summary");
    const [download] = await Promise.all([page.waitForEvent("download", WAIT),
      page.click("#export-chrome")]);
    const json = JSON.parse(fs.readFileSync(await download.path()));
    assert.ok(json.traceEvents.length > 100);
    assert.equal(download.suggestedFilename(), "trace.json");
    await until(() => /^chrome: [1-9][\d,]* events, [\d.]+ .iB$/.test(
      document.getElementById("export-state").textContent));
  },

  async marks() {
    await open();
    const marks = await page.evaluate(async () =>
      (await (await fetch("api/detail")).json()).marks);
    assert.ok(marks.some((m) => m.kind === "fault"), "an injected fault");
    const m = marks[0];
    const x = await page.evaluate((t) => {
      const s = window.mayfly.state, c = document.getElementById("timeline");
      return 132 + (t - s.t0) / (s.t1 - s.t0) * (c.clientWidth - 132);
    }, m.time);
    const box = await page.locator("#timeline").boundingBox();
    await page.mouse.click(box.x + x, box.y + 28);
    await until(() => window.mayfly.state.picked?.mark);
    assert.match(await text("#picked"), /point=/);
  },

  // A case of a guest program is as much a case as the kernel's own.
  async cases() {
    await open();
    const marks = await page.evaluate(async () =>
      (await (await fetch("api/detail")).json()).marks);
    const c = marks.filter((m) => m.kind === "case").map((m) => m.text);
    assert.deepEqual(c, ["begin case=h_pipe:pipe_eof", "end case=h_pipe:pipe_eof passed"]);
    const m = marks.find((m) => m.kind === "case");
    const x = await page.evaluate((t) => {
      const s = window.mayfly.state, c = document.getElementById("timeline");
      return 132 + (t - s.t0) / (s.t1 - s.t0) * (c.clientWidth - 132);
    }, m.time);
    const box = await page.locator("#timeline").boundingBox();
    await page.mouse.click(box.x + x, box.y + 28);
    await until(() => window.mayfly.state.picked?.mark);
    assert.match(await text("#picked"), /h_pipe:pipe_eof/);
  },

  async live() {
    await open();
    assert.equal((await state()).info.live, true);
    await page.click("#follow");
    const before = await state();
    await until((rows) => Number(document.body.dataset.rows) > rows + 100, before.info.rows);
    await until((end) => window.mayfly.state.end > end, before.end);
    await until((t1) => window.mayfly.state.follow && window.mayfly.state.t1 > t1, before.t1);
    for (let i = 0; i < 8; i++) await page.keyboard.press("w");
    await page.keyboard.press("Home");
    await until(() => !window.mayfly.state.follow);
    await page.keyboard.press("l");
    await until(() => window.mayfly.state.follow);
    await page.click("#show-events");
    await page.waitForSelector(".vrow .c-name", WAIT);
    await page.click("#show-calls");
    await page.waitForSelector("#tab-calls[data-filled]", WAIT);
  },

  async dark() {
    await page.emulateMedia({ colorScheme: "dark" });
    await open();
    const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(back, "rgb(21, 24, 28)");
    await page.emulateMedia({ colorScheme: "light" });
    await until(() => getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)");
    assert.ok(await colors() > 8);
  },
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const wrong = [];
try {
  const context = await browser.newContext({ viewport: { width: 1400, height: 820 } });
  page = await context.newPage();
  page.setDefaultTimeout(60000);
  page.on("pageerror", (e) => wrong.push(e.stack));
  page.on("request", (r) => {
    if (!r.url().startsWith(url) && !r.url().startsWith("data:") && !r.url().startsWith("blob:"))
      wrong.push(`a request to elsewhere: ${r.url()}`);
  });
  await cases[name]();
  assert.deepEqual(wrong, [], "errors of the page");
} finally {
  await page.screenshot({ path: `${name}.png` }).catch(() => {});
  await browser.close();
}
