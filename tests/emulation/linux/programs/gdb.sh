# SPDX-License-Identifier: BSD-2-Clause
# gdb: break, step, next, backtrace, watch, finish, threads, a core of the state of a process.
cat >p.c <<'END'
#include <stdio.h>
#include <stdlib.h>
struct pair { int a, b; };
int total;
static int add(struct pair *p, int n) {
	total += p->a * n;
	total += p->b;
	return total;
}
int main(void) {
	struct pair p = { 2, 3 };
	for (int i = 0; i < 4; i++)
		add(&p, i);
	printf("total %d\n", total);
	if (getenv("CRASH")) *(volatile int *)0 = 1;
	return total;
}
END
gcc -g -O0 -o p p.c
run() { gdb -q -nx -batch "$@" 2>&1 | grep -vE '^(Using host|\[Thread debugging|warning: |Download failed|$)' | sed -E 's/0x[0-9a-f]+/ADDR/g; s/process [0-9]+/process N/g; s/LWP [0-9]+/LWP N/g'; }
run -ex 'break add' -ex run -ex backtrace -ex 'print *p' -ex next -ex 'print total' -ex step -ex finish -ex continue -ex 'info locals' -ex 'delete 1' -ex continue ./p
run -ex 'break main' -ex run -ex 'watch total' -ex continue -ex continue -ex 'delete 2' -ex continue ./p
run -ex 'break add if n == 2' -ex run -ex 'print n' -ex 'set var p->a = 100' -ex 'kill' ./p
CRASH=1 run -ex run -ex backtrace -ex 'info registers rip' -ex 'x/i $pc' ./p | sed -E 's/<main\+[0-9]+>/<main>/'
run -ex 'catch syscall write' -ex run -ex 'print $rax' -ex kill ./p
run -ex 'tbreak main' -ex run -ex 'stepi' -ex 'info symbol $pc' -ex 'next' -ex 'call add(&p, 5)' -ex 'print total' -ex kill ./p | sed -E 's/main \+ [0-9]+/main + N/'
cat >th.c <<'END'
#include <pthread.h>
#include <unistd.h>
static pthread_barrier_t b;
static void *run(void *p) { pthread_barrier_wait(&b); return p; }
void all_there(void) {}
int main(void) { pthread_t t[2]; pthread_barrier_init(&b, 0, 3); for (int i = 0; i < 2; i++) pthread_create(&t[i], 0, run, 0); all_there(); pthread_barrier_wait(&b); for (int i = 0; i < 2; i++) pthread_join(t[i], 0); return 0; }
END
gcc -g -O0 -pthread -o th th.c
run -ex 'break all_there' -ex run -ex 'thread apply all -q print 1' -ex continue ./th | grep -cE '^\$[123] = 1|exited normally'
sleep 100 & run -p $! -ex 'print 6 * 7' -ex detach 2>&1 | grep -E '^\$1 = 42'; kill %1
cat >fo.c <<'END'
#include <sys/wait.h>
#include <unistd.h>
void in_child(void) {}
int main(void) { if (fork() == 0) { in_child(); _exit(4); } int s; wait(&s); return WEXITSTATUS(s); }
END
gcc -g -O0 -o fo fo.c; run -ex 'set follow-fork-mode child' -ex 'break in_child' -ex run -ex bt -ex continue ./fo | grep -oE 'in_child \(\)|exited with code [0-9]+' | sort -u
