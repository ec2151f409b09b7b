# SPDX-License-Identifier: BSD-2-Clause
# coreutils: files, links, times, ownership, special files.
set -u
umask 022
mkdir -p d/e/f; touch d/a; ln d/a d/b; ln -s a d/c
stat -c '%n %F %h %a %s' d/a d/b d/c d/e | sed 's/  */ /g'
cp -a d d2; diff -r d d2 && echo "copied"
mv d2 d3; ls d3
dd if=/dev/zero of=z bs=1000 count=100 2>/dev/null; stat -c %s z
truncate -s 1G big; stat -c '%s %b' big
cp --sparse=always big big2; stat -c '%s %b' big2; rm big big2
cp --reflink=auto z z2 && cmp z z2 && echo "same"
split -b 30000 z part.; ls part.*; cat part.* | cmp - z && echo "joined"
chmod 4755 z; stat -c %A z; chown 1:2 z; stat -c '%u %g %A' z
touch -d '2001-02-03 04:05:06.789 UTC' z; stat -c %Y z; TZ=UTC date -r z +%s.%N
ln -sf nowhere dangling; readlink dangling; readlink -f d/c | sed "s,$PWD/,,"; realpath --relative-to=. d/e/f/..
mknod p p; stat -c %F p; mknod n c 1 3 && echo x >n && cat n | wc -c
install -D -m 640 -o 3 -g 4 z i/j/k; stat -c '%a %u %g' i/j/k
mktemp -d tmp.XXXXXX | wc -c
seq 1 100000 | sort -R | sort -n | md5sum
seq 1 20000 | shuf | sort -n | uniq | wc -l
yes | head -n 1000 | wc -l
seq 100 | tac | head -n 3; seq 3 | paste -sd+ | bc
printf 'a b\nc d\n' | cut -d' ' -f2 | rev
du -s --apparent-size --block-size=1 d/a | cut -f1
df -P . | awk 'NR == 1 { print NF }'
timeout 0.2 sleep 10; echo "timeout: $?"
(timeout -s KILL 0.2 sleep 10) 2>/dev/null; echo "killed: $?"
nice -n 5 nice; nohup sh -c 'echo hup' 2>/dev/null
env -i A=1 env; printenv HOME; id -u; id -un; groups | tr ' ' '\n' | sort | head -n 1
stdbuf -oL echo line; tee t1 t2 <<<"tee" ; cat t1 t2
sha256sum z | cut -c1-16; cksum z; base64 <<<hello; od -c <<<abc | head -n 1
expr 6 \* 7; factor 1234567890; numfmt --to=iec 123456789
test -e z -a ! -e y && echo tested; [ z -nt d/a ] || echo older
rm -r d d3 && ls d 2>&1; rmdir i 2>&1; cat /nowhere 2>&1; mkdir z 2>&1
chroot / /bin/true && echo chrooted
sync; sync -d z && echo synced
nproc >n1; getconf _NPROCESSORS_ONLN >n2; cmp n1 n2 && echo "CPUs agree"
tty; echo "status $?"; who | wc -l; uname -s -m -o
ls -la --time-style=+ . | awk '{ print $1, $2, $3, $4 }' | sort | uniq -c | sort -rn | head -n 5
mkdir x; setfattr -n user.a -v b x 2>/dev/null; cp -a x y && ls -d y
