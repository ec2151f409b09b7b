// SPDX-License-Identifier: BSD-2-Clause
// Colours: of the theme from the style sheet, of threads and calls by number.

let theme = null;
const dark = matchMedia("(prefers-color-scheme: dark)");
const changed = [];

dark.addEventListener("change", () => {
  theme = null;
  cache.clear();
  for (const f of changed) f();
});

export function onTheme(f) { changed.push(f); }

export function colors() {
  if (theme) return theme;
  const style = getComputedStyle(document.documentElement);
  theme = {};
  for (const name of ["back", "fore", "faint", "line", "accent", "run", "ready",
    "sleep", "wait", "loss", "fault", "case", "panic", "mark", "lane"])
    theme[name] = style.getPropertyValue(`--${name}`).trim();
  theme.dark = dark.matches;
  return theme;
}

const cache = new Map();

// [r, g, b] of a number: hues far apart for numbers side by side.
export function rgb(n, salt = 0) {
  const key = n * 8 + salt;
  let c = cache.get(key);
  if (c) return c;
  const hue = ((n + salt * 7) * 137.508) % 360;
  const light = (colors().dark ? 0.62 : 0.5) - ((n >> 2) % 3) * 0.06;
  const sat = 0.5 + (n % 3) * 0.08;
  const f = (k) => {
    const x = (k + hue / 30) % 12, a = sat * Math.min(light, 1 - light);
    return Math.round(255 * (light - a * Math.max(-1, Math.min(x - 3, 9 - x, 1))));
  };
  c = [f(0), f(8), f(4)];
  cache.set(key, c);
  return c;
}

export const css = (c) => `rgb(${c[0]} ${c[1]} ${c[2]})`;

// Black or white, whichever is read better on a colour.
export const onTop = (c) =>
  c[0] * 0.3 + c[1] * 0.59 + c[2] * 0.11 > 140 ? "#000" : "#fff";

export function parse(text) {
  const m = /^#(..)(..)(..)$/.exec(text);
  return m ? [1, 2, 3].map((i) => parseInt(m[i], 16)) : [128, 128, 128];
}
