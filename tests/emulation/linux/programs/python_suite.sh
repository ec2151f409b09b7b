# SPDX-License-Identifier: BSD-2-Clause
# seconds: 400
# long on: pc64: it takes half an hour under emulation
# CPython's own tests (libpython3.11-testsuite), the modules about the system
# and some about the language.  Modules that need AF_INET are not here.
modules="array atexit base64 bufio bytes collections configparser contextlib copy crypt csv ctypes dataclasses dbm
dict difflib dis enum fileinput filecmp file fileio fork1 gc getopt getpass glob grp largefile list mmap
openpty pathlib pickle pipes poll popen posix posixpath pty pwd queue re resource sched select set
shelve shlex shutil stat string struct tempfile thread threading_local time tracemalloc unicode uuid wait3
wait4 weakref zipfile zlib"
for m in $modules; do
	timeout -s KILL 100 python3 -m unittest -q "test.test_$m" >out 2>&1
	status=$?
	echo "$m $status"
	[ $status = 0 ] || grep -E '^(ERROR|FAIL):' out | sort
done
