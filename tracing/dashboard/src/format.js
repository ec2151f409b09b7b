// SPDX-License-Identifier: BSD-2-Clause
// Numbers and times as texts; small pieces of the page.

const units = [["s", 1e9], ["ms", 1e6], ["us", 1e3], ["ns", 1]];

export function duration(ns) {
  if (ns === 0) return "0";
  for (const [name, n] of units)
    if (ns >= n || name === "ns") {
      const v = ns / n;
      return `${v >= 100 || name === "ns" ? Math.round(v) : v.toPrecision(3)} ${name}`;
    }
  return "";
}

export const count = (n) => Number(n).toLocaleString("en-US");

export function bytes(n) {
  for (const [unit, size] of [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]])
    if (n >= size) return `${(n / size).toFixed(n >= 100 * size ? 0 : 1)} ${unit}`;
  return `${n} bytes`;
}

// A time of the trace, to the ns.
export function time(ns) {
  ns = Math.round(ns);
  const s = Math.floor(ns / 1e9), rest = String(ns % 1e9).padStart(9, "0");
  return `${s}.${rest.slice(0, 3)} ${rest.slice(3, 6)} ${rest.slice(6)}`;
}

// A label of the axis with the digits that its step needs.
export function tick(ns, step) {
  if (step >= 1e9) return `${Math.round(ns / 1e9)} s`;
  const digits = Math.max(0, -Math.floor(Math.log10(step / 1e9)));
  return `${(ns / 1e9).toFixed(Math.min(9, digits))} s`;
}

export function steps(len, most) {
  let step = 10 ** Math.floor(Math.log10(len / most));
  while (len / step > most) step *= len / (step * 2) <= most ? 2 :
    len / (step * 5) <= most ? 5 : 10;
  return Math.max(1, step);
}

export function escape(s) {
  return String(s).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

export function element(tag, props, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props || {}))
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (k in e) e[k] = v;
    else e.setAttribute(k, v);
  e.append(...children);
  return e;
}
