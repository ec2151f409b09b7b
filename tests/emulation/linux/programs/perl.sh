# SPDX-License-Identifier: BSD-2-Clause
# perl: processes, pipes, sockets, files, signals, times.
cat >t.pl <<'END'
use strict; use warnings; use POSIX; use Socket; use IO::Handle; use Fcntl qw(:DEFAULT :flock);
$| = 1;
my $pid = fork(); if (!$pid) { exit 5 } waitpid($pid, 0); print "exit ", $? >> 8, "\n";
open(my $p, '-|', 'echo', 'from a pipe') or die; print <$p>; close $p;
open($p, '|-', 'cat') or die; print $p "to a pipe\n"; close $p;
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die; $a->autoflush(1);
print $a "over a socket\n"; print scalar <$b>;
local $SIG{ALRM} = sub { print "alarm\n" }; alarm 1; select(undef, undef, undef, 5);
local $SIG{CHLD} = sub { }; my @k = map { my $c = fork(); if (!$c) { exit $_ } $c } 1 .. 3;
print join(',', sort map { my $r; do { $r = waitpid($_, 0) } while ($r == -1 && $!{EINTR}); $? >> 8 } @k), "\n";
sysopen(my $f, 'file', O_RDWR | O_CREAT | O_EXCL, 0600) or die; flock($f, LOCK_EX) or die;
if (!fork()) { open(my $g, '<', 'file'); print flock($g, LOCK_EX | LOCK_NB) ? "got it\n" : "locked\n"; exit 0 } wait;
syswrite $f, "x" x 100000; sysseek $f, 50000, 0; sysread $f, my $buf, 10; print length $buf, " ", -s $f, "\n";
utime 1000, 2000, 'file'; print join(',', (stat 'file')[7, 8, 9]), "\n"; rename 'file', 'g'; print -e 'g' ? "renamed\n" : "no\n";
mkdir 'dir'; opendir(my $d, '.'); print join(' ', sort grep { !/^\./ } readdir $d), "\n"; rmdir 'dir'; unlink 'g';
print "missing: $!\n" unless open($f, '<', '/nowhere');
my ($r, $w) = POSIX::pipe(); POSIX::write($w, "abc", 3); POSIX::read($r, $buf, 10); print "$buf\n";
print POSIX::strftime("%Y-%m-%d", gmtime(86400 * 365)), "\n"; my %h = map { $_ => $_ ** 2 } 1 .. 1000; my $s = 0; $s += $_ for values %h; print "$s\n";
print `echo backticks`; system('exit 3;'); print $? >> 8, "\n"; my $c = fork(); if (!$c) { sleep 10; exit } kill 'TERM', $c;
waitpid $c, 0; print "signal ", $? & 127, "\n"; exec 'echo', 'the end';
END
perl t.pl
perl -e 'my @a = map { { n => $_, s => "x" x 100 } } 1 .. 50000; print scalar(@a), "\n"'
perl -MDigest::MD5=md5_hex -MData::Dumper -e '$Data::Dumper::Sortkeys = 1; print md5_hex(Dumper({1 .. 100})), "\n"'
