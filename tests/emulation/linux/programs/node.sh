# SPDX-License-Identifier: BSD-2-Clause
# node: the event loop, workers, children, sockets, streams.
cat >t.js <<'END'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const { spawn, execFileSync, fork } = require('child_process');
const fs = require('fs'), net = require('net'), zlib = require('zlib'), crypto = require('crypto'), os = require('os');
if (!isMainThread) { let s = 0; for (let i = 0; i < workerData; i++) s += i; parentPort.postMessage(s); return; }
if (process.argv[2] === 'child') { process.on('message', m => { process.send(m * 2); process.disconnect(); }); return; }
const step = async () => {
  const sums = await Promise.all([1e5, 2e5, 3e5].map(n => new Promise((ok, no) => { const w = new Worker(__filename, { workerData: n }); w.on('message', ok); w.on('error', no); })));
  console.log('workers', sums.join());
  console.log('sync child', execFileSync('echo', ['hello']).toString().trim());
  console.log('child', await new Promise(ok => { const c = spawn('sh', ['-c', 'cat; exit 4']); let o = ''; c.stdout.on('data', d => o += d); c.on('close', code => ok(o.trim() + ' ' + code)); c.stdin.end('piped'); }));
  console.log('fork', await new Promise(ok => { const c = fork(__filename, ['child']); c.on('message', ok); c.send(21); }));
  console.log('socket', await new Promise(ok => { const s = net.createServer(c => { c.pipe(c); }); s.listen('s.sock', () => { const c = net.connect('s.sock'); let o = ''; c.on('data', d => { o += d; if (o.length === 100000) { c.end(); s.close(); } }); c.on('close', () => ok(o.length)); c.write('x'.repeat(100000)); }); }));
  await fs.promises.writeFile('f', 'text'.repeat(1000)); console.log('file', (await fs.promises.readFile('f')).length, (await fs.promises.stat('f')).size);
  console.log('dir', (await fs.promises.readdir('.')).sort().join());
  console.log('gzip', zlib.gunzipSync(zlib.gzipSync(Buffer.alloc(1e6, 'a'))).length, crypto.createHash('sha256').update('x').digest('hex').slice(0, 16));
  console.log('stream', await new Promise(ok => { let n = 0; fs.createReadStream('/usr/bin/node', { end: 4e6 - 1 }).on('data', d => n += d.length).on('end', () => ok(n)); }));
  const t = Date.now(); await new Promise(ok => setTimeout(ok, 50)); console.log('timer', Date.now() - t >= 49);
  console.log('signal', await new Promise(ok => { process.once('SIGUSR2', () => ok('caught')); process.kill(process.pid, 'SIGUSR2'); }));
  console.log('immediate', await new Promise(ok => setImmediate(() => ok(1))), os.cpus().length > 0, os.totalmem() > 1e8);
  try { fs.readFileSync('/nowhere'); } catch (e) { console.log(e.code); }
  let a = []; for (let i = 0; i < 3e5; i++) a.push({ i, s: 's' + i }); console.log('heap', a.length); a = null;
};
step().then(() => process.exit(6));
END
node t.js; echo "status $?"
echo 'console.log(process.argv.length); process.stdin.on("data", d => console.log(String(d).trim()))' >u.js; echo in | node u.js a b
node -e 'throw new Error("boom")' 2>&1 | grep -c boom; node -p 'WebAssembly.validate(new Uint8Array([0,97,115,109,1,0,0,0]))'
node -e 'process.abort()' 2>/dev/null; echo "status $?"
