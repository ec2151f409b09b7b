# SPDX-License-Identifier: BSD-2-Clause
# sqlite3: a write-ahead log, its own test, several processes at one file.
sqlite3 a.db <<END
PRAGMA journal_mode=WAL;
CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO t SELECT i, printf('row %d', i * i) FROM n;
CREATE INDEX tv ON t(v);
SELECT count(*), sum(id), max(v) FROM t;
DELETE FROM t WHERE id % 3 = 0;
SELECT count(*) FROM t;
PRAGMA wal_checkpoint(TRUNCATE);
PRAGMA integrity_check;
END
ls a.db*
for j in 1 2 3 4; do
	sqlite3 -cmd '.timeout 20000' a.db "BEGIN IMMEDIATE; INSERT INTO t(v) VALUES('from $j'); COMMIT;" &
done
wait
sqlite3 a.db "SELECT v FROM t WHERE v LIKE 'from%' ORDER BY v"
sqlite3 -init /dev/null m.db '.selftest --init' 2>&1 | tail -n 1
sqlite3 m.db '.selftest' 2>&1 | tail -n 1
sqlite3 a.db "DELETE FROM t WHERE v LIKE 'from%'"; sqlite3 a.db .dump | md5sum
sqlite3 a.db 'VACUUM' && sqlite3 a.db 'PRAGMA page_count' | awk '{ print ($1 > 100) }'
for mode in DELETE TRUNCATE PERSIST MEMORY; do
	sqlite3 b.db "PRAGMA journal_mode=$mode; CREATE TABLE IF NOT EXISTS x(a); INSERT INTO x VALUES(1); SELECT count(*) FROM x"
done
sqlite3 a.db "ATTACH 'b.db' AS b; BEGIN; UPDATE x SET a = 2; DELETE FROM t WHERE id < 10; COMMIT; SELECT sum(a) FROM x"
sqlite3 /nowhere/x.db 'select 1 from t' 2>&1
