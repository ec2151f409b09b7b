# SPDX-License-Identifier: BSD-2-Clause
# python3: threads, subprocess, asyncio, multiprocessing, sockets, mmap, signals.
cat >t.py <<'END'
import asyncio, concurrent.futures, ctypes, fcntl, hashlib, json, mmap, multiprocessing, os, pty, select, selectors, shutil, signal, socket, sqlite3, struct, subprocess, sys, tempfile, threading, time

def square(x): return x * x
def shout(q, n): q.put(n * 10)

if __name__ == '__main__':
    out = []; lock = threading.Lock()
    def work(i):
        for _ in range(1000):
            with lock: out.append(i)
    ts = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    [t.start() for t in ts]; [t.join() for t in ts]; print('threads', len(out))
    with concurrent.futures.ThreadPoolExecutor(4) as ex: print('pool', sum(ex.map(square, range(100))))
    with multiprocessing.Pool(3) as p: print('processes', p.map(square, range(10)))
    for how in 'fork', 'spawn', 'forkserver':
        ctx = multiprocessing.get_context(how); q = ctx.Queue(); ps = [ctx.Process(target=shout, args=(q, n)) for n in range(3)]
        [p.start() for p in ps]; print(how, sorted(q.get() for _ in ps)); [p.join() for p in ps]
    v = multiprocessing.Value('i', 0)
    from multiprocessing import shared_memory
    s = shared_memory.SharedMemory(create=True, size=4096); s.buf[0] = 7; t = shared_memory.SharedMemory(s.name); print('shared memory', t.buf[0]); t.close(); s.close(); s.unlink()
    print(subprocess.run(['sh', '-c', 'cat; exit 3'], input=b'text', capture_output=True))
    p = subprocess.Popen(['sleep', '100']); p.terminate(); print('terminated', p.wait())
    try: subprocess.run(['sleep', '10'], timeout=0.1)
    except subprocess.TimeoutExpired: print('timed out')
    async def client(path):
        r, w = await asyncio.open_unix_connection(path); w.write(b'ping\n'); d = await r.readline(); w.close(); return d
    async def main():
        async def serve(r, w): w.write((await r.readline()).upper()); await w.drain(); w.close()
        srv = await asyncio.start_unix_server(serve, 's'); print(await asyncio.gather(*[client('s') for _ in range(20)]) == [b'PING\n'] * 20); srv.close()
        pr = await asyncio.create_subprocess_exec('cat', stdin=-1, stdout=-1); print(await pr.communicate(b'as'))
        try: await asyncio.wait_for(asyncio.sleep(10), 0.05)
        except asyncio.TimeoutError: print('asyncio timeout')
    asyncio.run(main())
    a, b = socket.socketpair(); socket.send_fds(a, [b'x'], [1]); m, fds, _, _ = socket.recv_fds(b, 10, 2); os.write(fds[0], b'passed descriptor\n')
    with open('m', 'w+b') as f:
        f.truncate(8192); m = mmap.mmap(f.fileno(), 8192); m[4096:4100] = b'mmap'; m.flush(); f.seek(4096); print(f.read(4)); m.close()
    got = []; signal.signal(signal.SIGALRM, lambda *a: got.append(1)); signal.setitimer(signal.ITIMER_REAL, 0.05); signal.pause(); print('itimer', got)
    pid, fd = pty.fork()
    if pid == 0: print('on a terminal', os.isatty(0), os.ttyname(0).startswith('/dev/pts/')); sys.stdout.flush(); os._exit(0)
    data = b''
    while True:
        try: d = os.read(fd, 1000)
        except OSError: break
        if not d: break
        data += d
    os.waitpid(pid, 0); print(data)
    with open('l', 'w') as f:
        fcntl.lockf(f, fcntl.LOCK_EX)
        if os.fork() == 0:
            try: fcntl.lockf(open('l', 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB); print('no')
            except OSError as e: print('locked', e.errno)
            sys.stdout.flush(); os._exit(0)
        os.wait()
    ep = select.epoll(); r, w = os.pipe(); ep.register(r, select.EPOLLIN); print(ep.poll(0)); os.write(w, b'x'); print(len(ep.poll(1)))
    db = sqlite3.connect(':memory:'); db.execute('create table t(a)'); db.executemany('insert into t values(?)', [(i,) for i in range(1000)]); print(db.execute('select sum(a) from t').fetchone())
    print(ctypes.CDLL(None).strlen(b'ctypes')); print(os.sysconf('SC_PAGE_SIZE'), os.cpu_count() == len(os.sched_getaffinity(0)))
    print(hashlib.sha1(b'x' * 10**6).hexdigest()[:12], len(os.urandom(10)), shutil.disk_usage('/').total > 0, os.getrandom(4) != b'')
    x = [dict(a=i) for i in range(200000)]; print(len(json.dumps(x)))
    for name in ('/nowhere', '/etc/passwd/x', ''):
        try: open(name)
        except OSError as e: print(type(e).__name__, e.errno)
    d = tempfile.mkdtemp(); os.makedirs(d + '/a/b'); open(d + '/a/b/c', 'w').write('x'); print(sorted(len(f) for _, _, f in os.walk(d))); shutil.rmtree(d); print(os.path.exists(d))
    os.memfd_create('m'); print(os.eventfd(3) > 0, os.pidfd_open(os.getpid()) > 0); print(time.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID) > 0)
    sys.exit(9)
END
python3 t.py; echo "status $?"; python3 -c 'import os; os.kill(os.getpid(), 6)'; echo "status $?"
python3 -m venv --without-pip v && v/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'; python3 -X importtime -c 'import json' 2>&1 | tail -n 1 | awk '{ print $NF }'
