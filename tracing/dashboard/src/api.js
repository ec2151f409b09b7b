// SPDX-License-Identifier: BSD-2-Clause
// Questions to the server.  Paths are relative: the page's own address has the
// token.  What goes wrong is shown in one place and thrown.

const box = document.getElementById("error");
let hide;

export function complain(text) {
  box.textContent = text;
  box.hidden = false;
  clearTimeout(hide);
  hide = setTimeout(() => { box.hidden = true; }, 8000);
}

export function words(args) {
  const w = new URLSearchParams();
  for (const [k, v] of Object.entries(args || {}))
    if (v !== undefined && v !== null && v !== "")
      w.set(k, typeof v === "number" ? String(Math.round(v)) : String(v));
  return w.toString();
}

async function ask(name, args, options) {
  let r;
  try {
    r = await fetch(`api/${name}?${words(args)}`, options);
  } catch (e) {
    if (e.name !== "AbortError")
      complain("the server does not answer: has traced ended?");
    throw e;
  }
  if (!r.ok) {
    const why = (await r.text()).trim();
    complain(why);
    throw new Error(why);
  }
  return r;
}

export async function json(name, args, options) {
  return (await ask(name, args, options)).json();
}

// The buckets of a view (api_view.c has the layout).
export async function view(args, options) {
  const data = await (await ask("view", args, options)).arrayBuffer();
  const head = new DataView(data);
  const ncpus = head.getUint32(4, true), n = head.getUint32(8, true);
  const ntracks = head.getUint32(12, true);
  const v = { n, t0: head.getFloat64(16, true), ns: head.getFloat64(24, true),
    cpus: [], tracks: [] };
  v.t1 = v.t0 + n * v.ns;
  let at = 32;
  const up = (x) => (x + 7) & ~7;
  for (let i = 0; i < ncpus; i++) {
    const p = at + 8;
    v.cpus.push({ cpu: head.getUint32(at, true),
      threads: new Uint32Array(data, p, n),
      events: new Uint32Array(data, p + 4 * n, n),
      busy: new Uint8Array(data, p + 8 * n, n),
      top: new Uint8Array(data, p + 9 * n, n) });
    at = p + up(10 * n);
  }
  for (let i = 0; i < ntracks; i++) {
    const p = at + 8;
    const bytes = (k) => new Uint8Array(data, p + k * n, n);
    const calls = new Uint16Array(n);
    for (let j = 0; j < n; j++)
      calls[j] = head.getUint16(p + 5 * n + 2 * j, true);
    v.tracks.push({ thread: head.getUint32(at, true), runs: bytes(0),
      ready: bytes(1), sleeps: bytes(2), waits: bytes(3), inCall: bytes(4),
      calls });
    at = p + up(7 * n);
  }
  return v;
}
