# SPDX-License-Identifier: BSD-2-Clause
# seconds: 300
# expect: all passed
# stress-ng --verify: every class of stressor about files, pipes, sockets, message queues, terminals
# that needs neither networks nor devices.
list="chdir chmod chown copy-file dentry dir dirdeep dnotify dup epoll eventfd fallocate fcntl fiemap fifo file-ioctl filename flock fstat full getdent handle hdd inode-flags io lease link locka lockf lockofd loop mknod mq msg null open pipe pipeherd poll procfs pty readahead rename revio ring-pipe rtc seal seek sem sem-sysv sendfile shm shm-sysv sockfd sockpair splice symlink sync-file sysfs tee tmpfs urandom utime vm-splice xattr"
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
