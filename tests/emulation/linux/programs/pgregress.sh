# SPDX-License-Identifier: BSD-2-Clause
# seconds: 400
# memory: 4G
# long on: pc64: emulated, it takes longer than a case may
# files: pgregress
# PostgreSQL's own regression tests, all of its schedule, 20 at a time: which of them pass.
cp -r /host/files regress; cp /usr/lib/postgresql/15/lib/{refint,autoinc}.so regress
printf 'jit = off\n' >regress/config
chown -R user:user . ; cd regress || exit
chroot --userspec=user:user --groups= --skip-chdir / ./pg_regress --temp-instance=instance --temp-config=config --inputdir=. --outputdir=. \
    --bindir=/usr/lib/postgresql/15/bin --dlpath=. --max-concurrent-tests=20 --schedule=parallel_schedule >../said 2>&1; status=$?
sed -nE 's/^(test)? +([a-z0-9_.-]+) +\.\.\. (ok|FAILED|failed \(ignored\)).*/\2 \3/p' ../said | sort; grep -E '^ *(All )?[0-9]+ (of [0-9]+ )?tests ' ../said
# What it says when it did not get that far.
[ "$(grep -c '\.\.\.' ../said)" -gt 150 ] || tail -n 20 ../said
[ ! -d /host/why ] || cp -r regression.diffs ../said log /host/why/ 2>/dev/null; exit $status
