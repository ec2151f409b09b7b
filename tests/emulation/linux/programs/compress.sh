# SPDX-License-Identifier: BSD-2-Clause
# tar and the compressors: pipes, threads, sparse files, ownership.
mkdir t; for i in $(seq 50); do seq 1 $((i * 100)) >"t/f$i"; done; ln -s f1 t/l; ln t/f2 t/h; truncate -s 1M t/sparse; chown 1:2 t/f3; chmod 600 t/f4
for z in gzip bzip2 xz zstd; do tar -c --sort=name --mtime=@0 --format=gnu -S --"$z" -f "a.$z" t; mkdir "o.$z"; tar -xpf "a.$z" -C "o.$z"; diff -r t "o.$z/t" && echo "$z"; stat -c '%u %g %a %h' "o.$z/t/f3" "o.$z/t/f4" "o.$z/t/h"; done
xz -T2 -k -c a.gzip | xz -dc | cmp - a.gzip && echo "xz threads"; zstd -q -T2 -c a.gzip | zstd -dc | cmp - a.gzip && echo "zstd threads"
tar -c --sort=name --mtime=@0 --owner=0 --group=0 t | md5sum; gzip -9 <t/f50 | gunzip | cmp - t/f50 && echo round
dd if=a.xz of=cut bs=1 count=500 2>/dev/null; xz -t cut 2>&1 | head -n 1; tar -tf /nowhere 2>&1 | head -n 1
find t -newer t/f1 -name 'f1*' | wc -l; find t -type f -size +1k -print0 | xargs -0 -P2 -n5 wc -c | awk '/total/ { n += $1 } END { print n }'
