# SPDX-License-Identifier: BSD-2-Clause
# Everyday work in one shell script, for `busybox sh script.sh` in an empty
# directory.  Its output must not depend on where or when it runs: no dates of
# now, no process or inode numbers, no owners, no sizes of directories, no
# order of readdir.  Each step prints a line "-- N what".

export LC_ALL=C TZ=UTC
umask 022
ulimit -c 0
n=0
step() {
	n=$((n + 1))
	echo "-- $n $*"
}
st() {
	echo "status $?"
}

# ------------------------------------------------------------------ files
step mkdir
mkdir -p tree/a/b/c tree/d tree/e && ls tree; st
step write files with printf and redirection
printf 'one\ntwo\nthree\n' >tree/a/numbers
printf '%s %d %03d %x %o %c|%-6s|%6s|\n' word 42 7 255 8 z left right >tree/a/formats
cat tree/a/formats
step here-document
cat >tree/d/poem <<'END'
The quick brown fox
jumps over $HOME and `the` lazy dog,
	tab, "quotes", back\slash
END
cat tree/d/poem
step here-document with expansion
who=mayfly
cat <<END
Hello $who, $((6 * 7)), $(echo nested), \$kept
END
step here-document without tabs
cat <<-END
	no leading tab
		nor two
	END
step cat with numbers
cat -n tree/a/numbers
step append and tee
echo four | tee -a tree/a/numbers | tr a-z A-Z
cat tree/a/numbers
step cp and cmp
cp tree/a/numbers tree/e/copy && cmp tree/a/numbers tree/e/copy; st
step cmp of unequal files
echo 'one
twO' >tree/e/other
cmp tree/a/numbers tree/e/other; st
step mv
mv tree/e/other tree/e/moved && ls tree/e
step mv of a directory
mv tree/e tree/f && ls tree tree/f
step mv onto a full directory fails
mkdir tree/full tree/full/f && touch tree/full/f/x
mv tree/f tree/full; st
step ln
ln tree/a/numbers tree/hard && stat -c %h tree/a/numbers tree/hard
step ln -s, readlink, realpath
ln -s a/numbers tree/soft && readlink tree/soft
here=$(pwd -P)
realpath tree/soft | sed "s|^$here|HERE|"
readlink -f tree/d/../soft | sed "s|^$here|HERE|"
step a link in a circle
ln -s loop2 loop1 && ln -s loop1 loop2
cat loop1; st
rm loop1 loop2
step a dangling link
ln -s nowhere dangling
test -e dangling; st
test -L dangling; st
rm dangling
step link and unlink
link tree/hard tree/hard2 && unlink tree/hard2 && ls tree
step chmod and stat
chmod 640 tree/a/formats && stat -c '%a %s %F %n' tree/a/formats
chmod u+x,g-r,o+w tree/a/formats && stat -c '%A %n' tree/a/formats
chmod 1777 tree/d && stat -c '%a %F' tree/d
chmod 755 tree/d
step chown to ourselves
chown "$(id -u):$(id -g)" tree/a/formats && chgrp "$(id -g)" tree/a/formats; st
step umask
(umask 077; umask; touch private; stat -c %a private); umask
rm private
step touch -d and stat of times
touch -d '2001-02-03 04:05:06' tree/a/numbers
stat -c '%Y %y' tree/a/numbers
date -u -r tree/a/numbers '+%Y-%m-%dT%H:%M:%S'
step touch -r, test -nt and -ot
touch -r tree/a/numbers stamp
touch -d '2001-02-03 04:05:07' stamp2
test stamp2 -nt stamp && test stamp -ot stamp2; st
step touch -c makes nothing
touch -c missing; ls missing; st
step cp -a keeps modes, times and links
cp -a tree tree2 && stat -c '%a %Y %F' tree2/a/numbers tree2/soft | sed 's/ [0-9]* sym/ sym/'
step diff -r of equal trees
diff -r tree tree2; st
step diff and patch
sed 's/two/TWO/; /three/d; $a five' tree/a/numbers >new
diff -u -L old -L new tree/a/numbers new >change; st
cat change
cp tree/a/numbers patched && patch patched change && cmp patched new; st
step patch -R
patch -R patched change && cmp patched tree/a/numbers; st
step rm -r
rm -r tree2 && test ! -e tree2; st
step rm of a directory fails
rm tree/d; st
step rmdir of a full directory fails
rmdir tree/d; st
step rmdir -p
mkdir -p gone/gone/gone && rmdir -p gone/gone/gone; ls gone; st
step truncate and sparse files
truncate -s 1000000 sparse && stat -c %s sparse && md5sum <sparse
printf x | dd of=sparse bs=1 seek=500000 conv=notrunc 2>/dev/null
md5sum <sparse
truncate -s 10 sparse && od -c sparse
step fallocate
fallocate -l 5000 room && stat -c %s room
step mktemp
t=$(mktemp -d ./tmp.XXXXXX) && test -d "$t" && stat -c %a "$t"
t2=$(mktemp "$t/f.XXXXXX") && test -f "$t2" && stat -c '%a %s' "$t2"
rm -r "$t"
step du of a file
dd if=/dev/zero of=blocks bs=4096 count=16 2>/dev/null; sync; du -k blocks
step find by name, type and size
find tree -name 'n*' | sort
find tree -type f -size +0 | sort
find tree -type l
step find -exec and -prune
find tree -type f -exec wc -c {} \; | sort
find tree -path tree/a -prune -o -print | sort
step find -exec with plus and -newer
find tree -type f -newer stamp -exec basename {} \; | sort
find tree -maxdepth 1 -type d -exec echo {} + | tr ' ' '\n' | sort
step find -depth, -perm, -regex and -quit
mkdir -p del/x && touch del/1 del/2 del/x/3 && chmod 600 del/1
find del -perm 600; find del -regex '.*/[0-9]' | sort; find del -links 1 -name 2 -quit
find del -depth -type f -exec rm {} + && find del -empty && rm -r del; st
step ls in its forms
ls -1 tree; ls -F tree; ls -a tree/d | sort
ls -l tree/a/numbers | awk '{ print $1, $2, $5, $6, $7, $9 }'
step a glob
echo tree/*/n* tree/[ab] tree/nothing*
step names with odd bytes
mkdir odd && touch 'odd/a b' 'odd/*' "odd/new
line" odd/-dash && ls -1 odd | cat -v
for f in odd/*; do printf '[%s]' "$f"; done; echo
rm -r odd
step a name of 255 bytes and one of 256
long=$(printf %0255d 7); touch "$long" && rm "$long"; st
touch "${long}8" 2>/dev/null; st
step a deep path
mkdir -p "$(seq -s / 1 60)" && (cd "$(seq -s / 1 60)" && touch leaf &&
    find "$here/1" -name leaf | sed "s|$here/||" | wc -c); rm -r 1

# ------------------------------------------------------------------ text
step seq, head, tail
seq 1 100 >hundred
head -n 3 hundred; tail -n 3 hundred; tail -n +98 hundred; head -c 5 hundred; echo
tail -c 4 hundred
step seq with step and width
seq 10 -3 1 | tr '\n' ' '; seq -w 8 11 | tr '\n' ' '; seq -s , 5
step wc
wc hundred tree/a/numbers
wc -l <hundred
step sort
printf '10 b\n9 a\n100 c\n9 B\n' >keys
sort keys; sort -n keys; sort -rn keys; sort -k2 keys; sort -f -k2 keys; sort -u -n keys
sort -t: -k3n <<END
x:1:30
y:2:4
z:3:100
END
sort -c keys; st
step uniq
printf 'a\na\nb\nc\nc\nc\na\n' >runs
uniq runs; uniq -c runs; uniq -d runs; uniq -u runs
step cut
cut -d: -f1,3 <<END
root:x:0:0
daemon:x:1:1
END
echo abcdefgh | cut -c 2-4,7; echo a,b,c | cut -d, -f2-
step tr
echo 'Hello World' | tr a-zA-Z n-za-mN-ZA-M | tr -d l | tr -s o
echo aabbcc | tr -s a-z; echo a1b2 | tr -cd 0-9; echo
step sed
sed -n '2,3p;$=' hundred
sed 's/\([0-9]\)\([0-9]\)$/<\2\1>/;5q' <hundred
sed -e '/^1/!d' -e y/0123456789/abcdefghij/ hundred | head -n 4
printf 'a\nb\nc\n' | sed -n 'H;${x;s/\n/+/g;p}'
printf 'x\n' | sed 'i\
before
a\
after'
step sed -i
cp keys keys2 && sed -i 's/^/> /' keys2 && cat keys2
step sed -E
echo 'key = value' | sed -E 's/^([a-z]+) *= *([a-z]+)$/\2=\1/'
step grep
grep -n two tree/a/numbers; grep -c 1 hundred; grep -v '[0-8]' hundred
grep -E '^(1|2)0$' hundred; grep -o 'o[a-z]' tree/d/poem; grep -q nothing hundred; st
grep -F '$HOME' tree/d/poem; grep -i QUICK tree/d/poem; grep -w 7 hundred
grep -l fox tree/d/poem tree/a/numbers
echo 'a.b' | egrep 'a\.b' | fgrep .
step grep -r
grep -r o tree/a tree/f | sort
step awk
awk '{ s += $1; q += $1 * $1 } END { print s, q, s / NR }' hundred
awk -F: -v OFS=- '{ $2 = toupper($2); print; print length($1), NF }' <<END
ab:cd:ef
END
awk 'BEGIN { printf "%5.2f|%-5s|%05d|%e\n", 3.14159, "ab", 42, 12345.678;
	print substr("mayfly", 2, 3), index("mayfly", "fly"), match("aXXb", /X+/), RSTART, RLENGTH
	n = split("a b c", v); for (i = n; i > 0; i--) printf "%s ", v[i]; print "";
	s = "banana"; print gsub(/a/, "o", s), s; print 2 ^ 10, 7 % 3, int(-2.5) }'
awk '{ c[$1 % 7]++ } END { for (i = 0; i < 7; i++) print i, c[i] }' hundred
awk 'function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) } BEGIN { print f(15) }'
awk 'BEGIN { while (("echo a; echo b" | getline l) > 0) print "got", l; system("exit 3"); close("x") }'
awk 'BEGIN { print "z\na" | "sort"; close("sort"); print "end" }'
step rev and tac
echo stressed | rev; seq 3 | tac
step fold
echo 'the quick brown fox jumps over the lazy dog' | fold -w 12
echo 'the quick brown fox jumps over the lazy dog' | fold -s -w 12
step nl and paste
printf 'x\n\ny\n' | nl; printf 'x\n\ny\n' | nl -b a -w 3
seq 3 >p1; printf 'a\nb\n' >p2; paste p1 p2; paste -d , -s p1
step expand and unexpand
printf 'a\tb\n' | expand -t 4; printf '        x\n' | unexpand | od -c
step dos2unix and unix2dos
printf 'a\nb\n' | unix2dos | od -c; printf 'a\r\nb\r\n' | dos2unix | od -c
step od, hexdump and xxd
printf 'Mayfly\000\377\n' >bin; od -An -tx1 bin; od -c bin; hexdump -C bin; xxd bin
od -An -tu2 -N 4 bin; xxd -p bin | xxd -r -p | cmp - bin; st
step base64 and uuencode
base64 bin; base64 bin | base64 -d | cmp - bin; st
uuencode bin <bin | uudecode -o bin2 && cmp bin bin2; st
step strings
printf 'ab\000long enough\001x\002another one\n' | strings
step ed
ed p1 2>&1 <<'END'
2s/2/two/
a
more
.
1,$p
w
q
END
cat p1
step vi with a scripted change
cp keys keys3
vi -c ':%s/9/nine/' -c ':wq' keys3 </dev/null >/dev/null 2>&1; cat keys3
step ascii and cal
ascii | head -n 4; cal 2 2000
step yes
yes no | head -n 3
step xargs
seq 7 | xargs -n 3 echo; printf 'a b\0c' | xargs -0 -n 1 echo; echo x y | xargs -I% echo '<%>'
seq 3 | xargs sh -c 'exit 2'; st
step getopt
getopt -o ab: -- -b v -a rest

# ------------------------------------------------------------------ sums and archives
step a file of 64 MiB
seq 1 100000 >part
i=0
while [ $i -lt 114 ]; do cat part; i=$((i + 1)); done | head -c 67108864 >big
stat -c %s big
step sha256sum of it
sha256sum big
step md5sum, sha1sum, sha512sum, sha3sum, crc32
md5sum part; sha1sum part; sha512sum part; sha3sum part; crc32 part
step md5sum -c
md5sum part hundred >sums && md5sum -c sums; echo x >>hundred; md5sum -c sums 2>&1; st
seq 1 100 >hundred
step dd in blocks, with skip and seek
dd if=big of=slice bs=65536 skip=100 count=16 2>/dev/null && md5sum slice
dd if=slice bs=1000 skip=3 count=2 2>/dev/null | md5sum
dd if=part of=slice bs=512 seek=7 count=3 conv=notrunc 2>/dev/null && md5sum slice
dd if=big bs=1024k 2>/dev/null | dd bs=4000 2>/dev/null | sha256sum
dd if=/dev/zero bs=1 count=10 2>&1 | tail -c 10 | od -An -c | tail -n 1 >/dev/null; st
step tail and head of a big file
tail -n 1 big; tail -c 1000000 big | md5sum; head -n 5000000 big | tail -n 1
step rm of it
rm big && test ! -e big; st
step gzip, zcat, gunzip
gzip -c part >part.gz && gunzip -c part.gz | cmp - part; st
zcat part.gz | tail -n 1; gzip -t part.gz; st
cp part z && gzip z && ls z*; gunzip z.gz && cmp z part; st
step bzip2 and bzcat
bzip2 -c part >part.bz2 && bzcat part.bz2 | cmp - part; st
bunzip2 -c part.bz2 | wc -c
step lzop
lzop -c part >part.lzo && lzop -dc part.lzo | cmp - part; st
step gunzip of garbage
printf garbage | gunzip -c; st
step tar
find tree -type d | sort | xargs touch -d '2001-01-01 00:00:00'
touch -d '2001-01-01 00:00:00' tree/a/* tree/d/* tree/f/* tree/full/f/*
(find tree -type f; find tree -type l) | sort >list
tar cf t.tar $(cat list) && tar tf t.tar
tar tvf t.tar tree/hard | awk '{ print $1, $3, $4, $5, $6 }'
mkdir out && tar xf t.tar -C out && diff -r tree/a out/tree/a; st
stat -c '%h %Y' out/tree/hard; readlink out/tree/soft
step tar with gzip
tar czf t.tgz $(cat list) && tar xzOf t.tgz tree/d/poem | head -n 1
step cpio
cpio -o -H newc <list >t.cpio 2>/dev/null && cpio -t <t.cpio 2>/dev/null
rm -r out && mkdir out && (cd out && cpio -idm <../t.cpio 2>/dev/null) && cmp out/tree/d/poem tree/d/poem; st
stat -c %Y out/tree/d/poem
# ------------------------------------------------------------------ the shell
step arithmetic
echo $((1 + 2 * 3)) $((7 / 2)) $((-7 % 3)) $((1 << 10)) $((0xff)) $((010)) $((5 > 3 ? 1 : 0)) $(((2 | 4) ^ 1))
x=5; echo $((x += 2)) $((x++)) $x $((x--)) $x
echo $((9223372036854775807 + 1))
step parameter expansion
v=path/to/file.tar.gz; unset u
echo ${#v} ${v%.*} ${v%%.*} ${v#*/} ${v##*/} ${u:-default} ${u:=set} $u ${v:+alt} ${v:5:2} ${v/to/TO}
(unset u; : ${u:?is missing}) 2>&1; st
step quoting
set -- 'a b' c "d'e"; echo $# "$*"; for a in "$@"; do echo "[$a]"; done
IFS=:; set -- $(echo a:b:c); echo $#; unset IFS
step case
for w in apple Bob 42 '' x.c; do
	case $w in
	a*) echo "$w a-word" ;;
	[A-Z]*) echo "$w capital" ;;
	[0-9]*) echo "$w number" ;;
	*.c | *.h) echo "$w source" ;;
	*) echo "$w other" ;;
	esac
done
step loops, break and continue
for i in 1 2 3 4 5; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done
i=0; until [ $i -ge 3 ]; do i=$((i + 1)); done; echo $i
step functions with locals and recursion
fact() { local k=$1; [ $k -le 1 ] && { echo 1; return; }; echo $((k * $(fact $((k - 1))))); }
fact 12
ret() { return 7; }; ret; st
step getopts
opts() {
	OPTIND=1
	while getopts ab:c o "$@"; do
		case $o in
		b) echo "b with $OPTARG" ;;
		\?) echo unknown ;;
		*) echo "option $o" ;;
		esac
	done
	shift $((OPTIND - 1)); echo "rest $*"
}
opts -a -b val -c more words; opts -x 2>&1
step read loops
while IFS=: read -r name rest; do echo "<$name> <$rest>"; done <<'END'
a:b:c
 d\n:e
END
printf 'no newline' | { read -r l; st; echo "$l"; }
step test
[ 3 -lt 5 ] && [ abc = abc ] && [ -f keys ] && [ -d tree ] && [ ! -s nothing ] && [ -n x -a -z '' ]; st
[ 1 -eq 2 -o 2 -eq 2 ]; st; [ a \< b ]; st; [ -x tree ]; st; test; st
[ x -eq 1 ] 2>&1; st
step expr
expr 3 + 4 \* 2; expr length mayfly; expr substr mayfly 4 3; expr abc : 'a\(.\)c'; expr 1 = 2; st
step bc and dc
echo '2^64; 10/4; scale=5; 10/4; sqrt(2)' | bc; echo '2 3 + p 5 * p' | dc
step factor
factor 97 360 18446744073709551557
step background jobs and wait
(exit 3) & p1=$!
(exit 5) & p2=$!
wait $p1; st; wait $p2; st; wait; st
step twenty jobs that write files
i=0
while [ $i -lt 20 ]; do (seq 1 $((i * 10)) | md5sum >job.$i) & i=$((i + 1)); done
wait; cat job.* | sort | md5sum; ls job.* | wc -l; rm job.*
step traps
(trap 'echo got usr1' USR1; kill -USR1 $(exec sh -c 'echo $PPID'); echo after)
(trap 'echo bye' EXIT; exit 4); st
(trap '' TERM; sh -c 'kill -TERM $$; echo ignored'; kill -TERM $(exec sh -c 'echo $PPID'); echo survived); st
step kill and its status
# Whether wait has a word to say depends on who is first.
sleep 1000 & kill $!; wait $! 2>/dev/null; st
sleep 1000 & kill -KILL $!; wait $! 2>/dev/null; st
sh -c 'kill -SEGV $$'; st
kill -0 $$; st
kill -l 15; kill -l TERM
step stop and continue
sleep 1000 & p=$!; kill -STOP $p; kill -CONT $p; kill -TERM $p; wait $p 2>/dev/null; st
step mkfifo
mkfifo pipe1 && stat -c %F pipe1
seq 1 1000 >pipe1 & md5sum <pipe1; wait
(while read -r l; do echo "reader: $l"; done <pipe1) & printf 'x\ny\n' >pipe1; wait
step a pipe of five stages
seq 1 5000 | grep 7 | sed 's/7/seven/g' | sort -r | head -n 3
step a pipe of ten stages
cat part | cat | cat | cat | cat | cat | cat | cat | cat | md5sum
step the status of a pipe
false | true; st; true | false; st
set -o pipefail; false | true; st; set +o pipefail
step redirections
{ echo out; echo err >&2; } 2>&1 >/dev/null; exec 5>fd5; echo five >&5; exec 5>&-; cat fd5
echo lost >&5; st
(echo a; echo b >&2) >o 2>e; cat e o; cat <keys >o 2>&1; cmp keys o; st
set -C; echo x >o; st; set +C; echo y >|o; cat o
cat <nothing-here; st
step subshells keep their state
a=1; (a=2; cd tree; echo $a); echo $a; { a=3; }; echo $a
step command substitution
echo "$(echo "$(echo deep)")" `echo old`; l=$(printf 'x\n\n\n'); echo "[$l]"
step eval, dot and alias
c='echo evaluated $((1 + 1))'; eval "$c"; echo 'sourced=yes' >inc; . ./inc; echo $sourced
step env, export and unset
env -i A=1 B='two words' env; X=5 sh -c 'echo $X'; export Y=6; sh -c 'echo $Y'; env -u Y sh -c 'echo ${Y-none}'
step set -e and set -u
sh -ec 'false; echo no'; st; sh -uc 'echo $undefined' 2>&1; st
step exit statuses of what cannot run
nonesuch 2>&1; st; ./keys 2>&1; st; ./tree 2>&1; st
printf '#!/no/such/interpreter\n' >bad && chmod +x bad; ./bad 2>&1; st
step a script with an interpreter line
printf '#!/bin/busybox sh\necho "$0 $1 $#"\n' >run && chmod +x run && ./run arg two
step exec replaces the shell
(exec echo replaced; echo not reached)
step ulimit
(ulimit -n 10; ulimit -n; exec 3<keys 4<keys 5<keys; sh -c 'exec 9<keys; echo nine') ; st
(ulimit -f 1; exec dd if=/dev/zero of=limited bs=1024 count=10 2>/dev/null); st; stat -c %s limited
step id, whoami-free
[ "$(id -u)" -eq "$(stat -c %u keys)" ]; st
step ps knows us and our child
ps -o pid,comm | awk -v p=$$ '$1 == p { print "found", NF }'
sh -c 'ps -o pid,ppid | awk -v p=$$ "\$1 == p { print \$2 }"; :' | { read -r pp; [ "$pp" = $$ ]; st; }
step date
date -u -d @0; date -u -d @1234567890 '+%Y-%m-%d %H:%M:%S %j %u'; date -u -d '2024-02-29 12:00:00' +%s
step basename and dirname
basename /a/b/c.txt .txt; dirname /a/b/c.txt; basename /; dirname x
step which and command -v
command -v cd; type nonesuch; st
step timeout
timeout 5 true; st; timeout -s KILL 1 sleep 100; st
step usleep and sleep
usleep 1000; sleep 0; st
step setsid and nohup-free
setsid sh -c 'echo in a new session'; st
step run-parts
mkdir parts && printf '#!/bin/busybox sh\necho part $0\n' >parts/10one && cp parts/10one parts/20two && chmod +x parts/*
run-parts parts
step uname and hostname are strings
[ -n "$(uname -s)" ] && uname -sm; [ -n "$(hostname)" ]; st
step /dev/null, /dev/zero, /dev/full, /dev/urandom
echo x >/dev/null; st; head -c 5 /dev/zero | od -An -tx1; cat /dev/null | wc -c
echo x >/dev/full 2>/dev/null; st
[ "$(head -c 16 /dev/urandom | wc -c)" = 16 ]; st
step /proc/self
readlink /proc/self/cwd | sed "s|^$here|HERE|"; [ -r /proc/self/maps ]; st
[ "$(cut -d ' ' -f 1 /proc/self/stat)" -gt 1 ]; st
step the end: the tree that is left
find . -type f | sort | grep -v -e '\.lzo$' -e '\.tgz$' -e '\.cpio$' -e '\.gz$' -e '\.tar$' -e '\.a$' -e '/out$' | xargs md5sum
cd .. && rm -r "$here"/tree "$here"/out; st
echo "$n steps done"
