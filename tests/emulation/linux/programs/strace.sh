# SPDX-License-Identifier: BSD-2-Clause
# strace: it sees the calls of programs, of their children and threads.
strace -o t -e trace=openat,read cat /etc/hostname; grep -c '/etc/hostname' t; grep -o '+++ exited with 0 +++' t
strace -f -o t sh -c 'echo hi | cat; (exit 3)'; echo "status $?"; grep -cE 'execve\("/(usr/)?bin/(sh|cat)' t; grep -oE 'exited with [0-9]+' t | sort | uniq -c
strace -c -o c true; tail -n 1 c | awk '{ print $NF }'
strace -f -o t -e trace=none -e signal=all sh -c 'kill -USR1 $$'; echo "status $?"; grep -oE 'SIGUSR1 \{si_signo=SIGUSR1, si_code=SI_USER' t | head -n 1; grep -oE 'killed by SIGUSR1' t
strace -e inject=openat:error=ENOENT:when=3+ -o t cat /etc/hostname; echo "injected: $?"
strace -e trace=execve -o t -E A=b env | grep '^A='
sleep 100 & p=$!; strace -p $p -o t -e trace=all 2>/dev/null & s=$!; for _ in $(seq 200); do [ "$(awk '/TracerPid/ { print $2 }' /proc/$p/status)" = 0 ] || break; sleep 0.02; done; sleep 0.2; kill $p; wait $s; grep -oE 'killed by SIGTERM' t
strace -y -e trace=write -o t sh -c 'echo x >f'; grep -oE 'write\(1<[^>]*/f>, "x\\n", 2\) += 2' t | sed 's,<.*/f>,<f>,;s/  */ /g'
strace -k -o t true; grep -c "^ > " t | awk "{ print (\$1 > 5) }"; strace nowhere 2>&1
cat >th.py <<'END'
import threading, os
ts = [threading.Thread(target=lambda: os.getppid()) for _ in range(3)]; [t.start() for t in ts]; [t.join() for t in ts]
END
strace -f -o t -e trace=getppid python3 th.py; grep -c 'getppid()' t
