// SPDX-License-Identifier: BSD-2-Clause
// A page that follows for some seconds; the server's CPU meanwhile.
//	node follow.mjs NPM URL SECONDS STAT
import fs from "node:fs";
import { createRequire } from "node:module";

const [npm, url, seconds, stat] = process.argv.slice(2);
const { chromium } = createRequire(npm + "/package.json")("playwright-core");
const ticks = () => {
  const f = fs.readFileSync(stat, "utf8").split(") ")[1].split(" ");
  return Number(f[11]) + Number(f[12]);
};
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"] });
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 820 } });
  await page.goto(url);
  await page.waitForFunction(() => document.body.dataset.ready === "1", null, { timeout: 60000 });
  await page.keyboard.press("l");
  await page.waitForTimeout(2000);
  const rows = () => page.evaluate(() => window.mayfly.state.info.rows);
  const before = await rows(), a = ticks();
  await page.waitForTimeout(Number(seconds) * 1000);
  const b = ticks(), { lost } = await page.evaluate(() => window.mayfly.state.info);
  const rate = ((await rows()) - before) / Number(seconds);
  const line = (what, value, unit) =>
    console.log(`${what.padEnd(44)} ${value.padStart(10)} ${unit}`);
  line("events a second of the kernel", rate.toFixed(0), `lost ${lost}`);
  line("following, with a page that follows", ((b - a) / Number(seconds)).toFixed(2), "% of a core");
} finally {
  await browser.close();
}
