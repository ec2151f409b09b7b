# SPDX-License-Identifier: BSD-2-Clause
# long on: pc64: it takes three minutes under emulation
# valgrind's other tools, on threads, children and an interpreter.
echo 'int main(void) { return 0; }' >b.c; gcc -g -O0 -w -o b b.c
valgrind -q --leak-check=full --error-exitcode=8 sh -c 'echo child'; echo "sh: $?"
valgrind -q --tool=none python3 -c 'import threading; t = threading.Thread(target=print, args=("thread",)); t.start(); t.join()'; echo "python: $?"
valgrind --tool=cachegrind --cachegrind-out-file=/dev/null ./b 2>&1 | grep -c 'I *refs'
valgrind -q --tool=helgrind --error-exitcode=7 ./b; echo "helgrind: $?"
