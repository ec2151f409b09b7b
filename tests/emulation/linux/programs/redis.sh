# SPDX-License-Identifier: BSD-2-Clause
# redis over its unix socket: append-only file, snapshot in a forked child, pub/sub.
cli() { redis-cli -s "$PWD/s" "$@"; }
start() {
	redis-server --port 0 --unixsocket "$PWD/s" --daemonize yes --dir "$PWD" --appendonly yes --save '' --logfile log >/dev/null
	for _ in $(seq 200); do [ "$(cli ping 2>/dev/null)" = PONG ] && return; sleep 0.05; done
	echo "no server"; cat log
}
start
cli set a 1; cli incr a; cli lpush l x y z; cli lrange l 0 -1; cli hset h f v; cli zadd z 1 one 2 two; cli zrange z 0 -1
cli eval 'return redis.call("incrby", KEYS[1], 40)' 1 a; cli setex e 100 v; cli ttl e | awk '{ print ($1 > 90) }'
redis-benchmark -s "$PWD/s" -t set,get,lpush,mset -n 3000 -c 20 -q --csv >bench && wc -l <bench
redis-benchmark -s "$PWD/s" -t set -n 3000 -P 16 -r 1000 -q >/dev/null && cli dbsize | awk '{ print ($1 > 500) }'
cli bgsave >/dev/null; while [ "$(cli info persistence | tr -d '\r' | awk -F: '/^rdb_bgsave_in_progress/ { print $2 }')" = 1 ]; do sleep 0.05; done
cli info persistence | tr -d '\r' | grep -E '^rdb_last_bgsave_status'; redis-check-rdb dump.rdb | grep -o 'Checksum OK' | head -n 1
cli bgrewriteaof >/dev/null; while [ "$(cli info persistence | tr -d '\r' | awk -F: '/^aof_rewrite_in_progress/ { print $2 }')" = 1 ]; do sleep 0.05; done
cli info persistence | tr -d '\r' | grep -E '^aof_last_bgrewrite_status'
(timeout 5 redis-cli -s "$PWD/s" subscribe ch >sub &) ; while [ "$(cli publish ch hello)" != 1 ]; do sleep 0.05; done; sleep 0.2; head -n 3 sub
n=$(cli dbsize); cli shutdown; while cli ping >/dev/null 2>&1; do sleep 0.05; done
start; [ "$(cli dbsize)" = "$n" ] && echo "all back"; cli get a; kill -9 "$(cli info server | tr -d '\r' | awk -F: '/^process_id/ { print $2 }')"; sleep 0.3; start; cli get a
cli debug reload 2>&1 | head -n 1; cli shutdown nosave; sleep 0.2; ls | sort | tr '\n' ' '
