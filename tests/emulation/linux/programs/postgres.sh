# SPDX-License-Identifier: BSD-2-Clause
# seconds: 200
# PostgreSQL over its unix socket: initdb, server, pgbench, crash and recovery, a replica's base backup.
export PATH=/usr/lib/postgresql/15/bin:$PATH TZ=UTC PGHOST=$PWD PGDATABASE=postgres
mkdir d l; chown -R user:user . ; cd . || exit
as() { chroot --userspec=user:user --groups= --skip-chdir / "$@"; }
as initdb -D d/pg -A trust -U user --no-sync >l/initdb 2>&1; tail -n 1 l/initdb | cut -c1-15; grep -E 'shared memory impl|max_connections|shared_buffers' l/initdb
cat >>d/pg/postgresql.conf <<END
listen_addresses = ''
unix_socket_directories = '$PWD'
max_wal_size = 64MB
END
start() { as pg_ctl -D d/pg -l l/log -w start >/dev/null || { echo "no server"; tail l/log; exit 1; }; }
start
sql() { as psql -U user -qtAX "$@"; }
sql -c 'select 6 * 7' -c "select count(*) from pg_class where relkind = 'r'" -c 'show shared_memory_type'
sql <<'END' 2>&1 | sed -E 's/PID [0-9]+/PID N/'
create table t(id serial primary key, v text, n numeric);
insert into t(v, n) select md5(i::text), i * 1.5 from generate_series(1, 20000) i;
create index on t(v); analyze t;
select count(*), sum(n), min(v), max(v) from t;
begin; delete from t where id <= 10000; savepoint a; delete from t; rollback to a; commit; select count(*) from t;
create function f(a int) returns int language plpgsql as $$ begin if a <= 1 then return 1; end if; return a * f(a - 1); end $$; select f(10);
select count(*) from t a join t b using (id) where a.v < b.v or a.n = b.n;
set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set min_parallel_table_scan_size = 0; select sum(length(v)) from t;
copy (select id from t order by id limit 3) to stdout;
listen c; notify c, 'payload'; select pg_notify('c', 'x');
create table j(d jsonb); insert into j values('{"a": [1, 2, {"b": null}]}'); select d->'a'->2 from j;
vacuum full t; reindex table t; checkpoint; select 1 / 0;
END
sql -c 'begin; lock table j; select pg_sleep(1); commit' >/dev/null & until [ "$(sql -c "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted")" -gt 0 ]; do :; done; sql -c "set lock_timeout = '50ms'; select * from j" 2>&1; wait
as pgbench -U user -i -s 1 -q >/dev/null 2>&1; as pgbench -U user -c 4 -j 2 -t 50 2>/dev/null | grep -E 'actually processed|failed'
sql -c 'select sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts'
kill -9 "$(head -n 1 d/pg/postmaster.pid)"; while pgrep -u user . >/dev/null; do sleep 0.05; done; start; sql -c 'select count(*) from t' -c 'select count(*) from pgbench_history'; grep -c 'database system was not properly shut down' l/log
as pg_basebackup -U user -D d/copy -X stream --no-sync -c fast && as pg_verifybackup -q d/copy && echo "backup good"
as pg_dump -U user -t t | grep -v restrict | md5sum; as pg_ctl -D d/pg stop -m fast | tail -n 1
as pg_controldata d/pg | grep 'cluster state'; as pg_checksums --check d/pg 2>&1 | tail -n 1; ipcs -m | grep -c '^0x0'
