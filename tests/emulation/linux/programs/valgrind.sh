# SPDX-License-Identifier: BSD-2-Clause
# Debian's valgrind on a guest's program: memcheck finds what is wrong, and nothing else.
cat >b.c <<'END'
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv) {
	char *p = malloc(10); int x;
	if (argc > 1) { p[10] = 1; if (x) argc++; free(p); return p[0]; }
	memset(p, 0, 10); free(p); return 0;
}
END
gcc -g -O0 -w -o b b.c
valgrind -q --error-exitcode=9 ./b; echo "clean: $?"
valgrind --error-exitcode=9 ./b x 2>&1 | grep -oE 'Invalid (read|write) of size [0-9]+|Conditional jump.*|ERROR SUMMARY: [0-9]+ errors'
