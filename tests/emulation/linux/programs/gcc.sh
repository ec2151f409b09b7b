# SPDX-License-Identifier: BSD-2-Clause
# gcc: compile, link, run; make; a shared library; threads; a program that fails.
cat >a.c <<'END'
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int cmp(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv) {
	int v[1000], s = 0;
	for (int i = 0; i < 1000; i++) v[i] = (i * 7919) % 1009;
	qsort(v, 1000, sizeof(*v), cmp);
	for (int i = 0; i < 1000; i++) s = s * 31 + v[i];
	printf("%d %.6f %s\n", s, sqrt(2.0), argc > 1 ? argv[1] : "none");
	return 3;
}
END
gcc -O2 -Wall -o a a.c -lm && ./a word; echo "status $?"
gcc -O0 -g -static -o as a.c -lm && ./as; echo "status $?"; file as | grep -o 'statically linked'
mkdir lib; cat >lib/l.c <<'END'
int counter(void) { static int n; return ++n; }
END
cat >m.c <<'END'
#include <pthread.h>
#include <stdio.h>
int counter(void);
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static __thread int mine;
static void *run(void *p) {
	for (int i = 0; i < 1000; i++) { pthread_mutex_lock(&m); counter(); mine++; pthread_mutex_unlock(&m); }
	return (void *)(long)mine;
}
int main(void) {
	pthread_t t[4]; void *r; long sum = 0;
	for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, run, 0);
	for (int i = 0; i < 4; i++) { pthread_join(t[i], &r); sum += (long)r; }
	printf("%ld %d\n", sum, counter());
}
END
cat >Makefile <<'END'
all: m
libl.so: lib/l.c
	gcc -O2 -fPIC -shared -o $@ $<
m: m.c libl.so
	gcc -O2 -o $@ m.c -L. -ll -Wl,-rpath,'$$ORIGIN'
END
make -s -j2 && ./m && make
ldd ./m | awk '/libl|libc/ { print $1 }'
echo 'int main(void) { return *(volatile int *)0; }' >f.c; gcc -o f f.c
(./f; echo "status $?") 2>/dev/null
echo 'int main(void) { retrun 0; }' >e.c; gcc -c e.c 2>err; echo "status $?"; head -n 2 err
gcc -S -O2 -o - lib/l.c | grep -c counter
gcc -O2 -fsanitize=undefined -o u a.c -lm 2>/dev/null && ./u; echo "status $?"
printf '#include <stdio.h>\nint main(void){puts("pie");}' | gcc -x c -pie -o p - && ./p
nm a | grep -c ' T main'; objdump -d a | grep -c '<main>:'; strip a && ./a stripped
ar rc l.a a && ar t l.a
