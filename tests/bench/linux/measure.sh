#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs on each side, in a root of Debian packages, and prints "NAME VALUE"
# lines: microseconds, but requests a second for redis.
# usage: measure.sh DIR NAME...    DIR has null (null.c); work is done in /tmp
tools=$1
shift
mkdir -p /tmp/bench
cd /tmp/bench || exit 1
export HOME=/tmp/bench LC_ALL=C.UTF-8

# each NAME COUNT COMMAND...: microseconds of one run, after one for warmth.
each() {
	local name=$1 n=$2 start end i
	shift 2
	"$@" >/dev/null 2>&1 || echo "failed $name: $*" >&2
	start=${EPOCHREALTIME/./}
	for ((i = 0; i < n; i++)); do
		"$@" >/dev/null 2>&1
	done
	end=${EPOCHREALTIME/./}
	echo "$name $(((end - start) / n))"
}

# A file of a thousand lines of C with something to optimise in each.
make_source() {
	echo 'extern int g[64];'
	local i
	for ((i = 0; i < 250; i++)); do
		echo "int f$i(int a, int b) {"
		echo " for (int i = 0; i < b; i++) a += (a ^ i) * $((i * 7 + 3)) + g[i & 63];"
		echo " return a * $i + b;"
		echo "}"
	done
}

null() { "$tools/null"; }

true_() { each true 100 /bin/true; }

shell() { each shell 40 /bin/sh -c 'echo $(echo a | cat)'; }

python() { each python 20 python3 -c pass; }

gcc_() {
	make_source >file.c
	each gcc 3 gcc -O2 -c file.c -o file.o
}

redis() {
	redis-server --port 0 --unixsocket /tmp/bench/r.sock --save '' \
	    --daemonize no >/dev/null 2>&1 &
	local pid=$! i
	for ((i = 0; i < 200; i++)); do
		[ ! -S r.sock ] || break
		sleep 0.05
	done
	redis-benchmark -s /tmp/bench/r.sock -t get -n 50000 -c 20 --csv 2>/dev/null |
	    awk -F, '/GET/ { gsub(/"/, ""); printf "redis %d\n", $2 }'
	kill $pid
	wait $pid 2>/dev/null
}

sqlite() {
	local i
	rm -f db
	{
		echo 'create table t(a integer primary key, b text);'
		for ((i = 0; i < 300; i++)); do
			echo "insert into t values($i, hex(randomblob(40)));"
		done
		echo 'begin;'
		for ((i = 300; i < 20000; i++)); do
			echo "insert into t values($i, hex(randomblob(40)));"
		done
		echo 'commit; create index i on t(b);'
		echo 'select count(*) from t where b > "8";'
		echo 'update t set b = b || "x" where a % 3 = 0;'
		echo 'delete from t where a % 5 = 0; vacuum;'
		echo 'select sum(length(b)) from t;'
	} >sql
	each sqlite 2 sh -c 'rm -f db; sqlite3 db <sql'
}

git_() {
	local i
	rm -rf repo
	git init -q repo && cd repo || return
	git config user.email a@b
	git config user.name a
	for ((i = 0; i < 300; i++)); do
		echo "$i" >file$i
	done
	git add . && git commit -qm one
	each git_status 10 git status
	each git_log 10 git log --stat
	cd ..
}

files() {
	each files 3 sh -c 'mkdir d; cd d; for i in 1 2 3 4 5 6 7 8 9; do
	    cp -r /usr/include/linux x$i; done; find . -type f | wc -l; cd ..; rm -rf d'
}

for name; do
	case $name in
	true | gcc | git) "${name}_" ;;
	*) "$name" ;;
	esac
done
