# SPDX-License-Identifier: BSD-2-Clause
# seconds: 300
# expect: all passed
# stress-ng --verify: every class of stressor about CPU, memory, processes, threads, signals, clocks
# that needs neither networks nor devices.  Not "resources": with little memory it sends
# signals to processes that are not its own.
list="access affinity aio alarm atomic bad-altstack branch brk bsearch cache cap clock clone close context cpu crypt cyclic daemon env exec fault flushcache fork fp funccall futex get getrandom hash heapsort hrtimers hsearch icache itimer judy kcmp kill klog landlock list longjmp lsearch madvise malloc matrix mcontend membarrier memfd memcpy memrate memthrash mergesort mincore misaligned mlock mmap mmapaddr mmapfixed mmapfork mmaphuge mmapmany mprotect mremap msync munmap mutex nanosleep opcode personality pidfd pkey prctl prefetch pthread ptrace qsort radixsort remap rlimit rseq schedpolicy seccomp session set sigabrt sigchld sigfd sigfpe sigio signal signest sigpending sigpipe sigq sigrt sigsegv sigsuspend sigtrap skiplist sleep spawn stack stackmmap str stream switch syncload sysbadaddr sysinfo timer timerfd tlb-shootdown tree tsc tsearch userfaultfd vdso vecmath vfork vforkmany vm vm-addr vm-rw vm-segv wait wcs yield zero zlib zombie"
for s in $list; do
	ops=4
	case $s in
	mutex | sysfs) ops=100000 ;; # they call an early end a failure
	esac
	timeout -s KILL 60 stress-ng --verify --"$s" 1 --"$s"-ops $ops --timeout 1s --temp-path . >out 2>&1
	status=$?
	[ $status = 0 ] || { echo "$s: status $status"; grep -vE 'setting to|dispatching|run completed' out | head -n 5; failed=1; }
done
[ -n "$failed" ] || echo "all passed"
