// SPDX-License-Identifier: BSD-2-Clause
// Open a large trace again and again: from the start of traced to the page with
// its timeline drawn, and frames a second while moving at three zooms.
//	node measure.mjs NPM TRACED FILE ROUNDS SHOTS
import { spawn } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";

const [npm, traced, file, rounds, shots] = process.argv.slice(2);
const { chromium } = createRequire(npm + "/package.json")("playwright-core");
const row = (what, value, unit) =>
  console.log(`${what.padEnd(44)} ${value.padStart(10)} ${unit}`);
const median = (v) => v.sort((a, b) => a - b)[Math.floor(v.length / 2)];
// Seconds of CPU that a process had.
const cpu = (pid) => {
  const f = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(f[11]) + Number(f[12])) / 100;
};
const peak = (pid) => Number(/VmHWM:\s+(\d+)/.exec(
  fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

function start() {
  const p = spawn(traced, [file], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve) => p.stdout.once("data", (d) =>
    resolve({ p, url: String(d).trim() })));
}

// Seconds of moving to and fro; [frames a second, longest frame in ms].
const moving = async (zoom) => {
  const m = window.mayfly, e = m.state.end, seconds = 5;
  m.setWindow(e * 0.3, e * 0.3 + e * zoom);
  await new Promise((r) => setTimeout(r, 1000));
  let n = 0, worst = 0, last = performance.now();
  const begin = last;
  while (performance.now() - begin < seconds * 1000) {
    const by = (m.state.t1 - m.state.t0) * 0.01 *
      (Math.floor((performance.now() - begin) / 1000) % 2 ? -1 : 1);
    m.setWindow(m.state.t0 + by, m.state.t1 + by);
    const now = await new Promise(requestAnimationFrame);
    worst = Math.max(worst, now - last);
    last = now;
    n++;
  }
  return [n / seconds, worst];
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const page = await browser.newPage({ viewport: { width: 1400, height: 820 } });
const opened = [], indexed = [], worked = [];
let server;
try {
  for (let i = 0; i < Number(rounds); i++) {
    if (server) server.p.kill();
    const begin = performance.now();
    server = await start();
    indexed.push(performance.now() - begin);
    worked.push(cpu(server.p.pid));
    await page.goto(server.url);
    await page.waitForFunction(() => document.body.dataset.ready === "1" &&
      window.mayfly.frames.length > 0, null, { timeout: 60000, polling: 10 });
    opened.push(performance.now() - begin);
  }
  const info = await page.evaluate(() => window.mayfly.state.info);
  row("events in the trace", String(info.rows), "");
  row("opened: start of traced to timeline drawn", (median(opened) / 1000).toFixed(2), "s");
  row("  of that, index", (median(indexed) / 1000).toFixed(2), "s");
  row("  the index's CPU time", median(worked).toFixed(2), "s");
  for (const [name, zoom] of [["half of it", 0.5], ["a twentieth", 0.05], ["1/2000", 0.0005]]) {
    const [fps, worst] = await page.evaluate(moving, zoom);
    row(`moving, ${name} in the window`, fps.toFixed(1), `frames/s, longest ${worst.toFixed(0)} ms`);
  }
  // What asks for most: all tables of all events.
  for (const q of ["calls", "locks", "faults", "flame",
    "latency?begin=SYSCALL.enter&end=SYSCALL.leave", "view?n=4096", "search?text=nothing"])
    await page.evaluate(async (x) => (await fetch("api/" + x)).arrayBuffer(), q);
  row("server's memory, at most", peak(server.p.pid).toFixed(0), "MiB");
  await page.screenshot({ path: `${shots}/big.png` });
} finally {
  if (server) server.p.kill();
  await browser.close();
}
