/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals about a directory: fcntl's F_NOTIFY. */
#include "trace.h"
#include <stdbool.h>
#include <sys/time.h>
#include <sys/xattr.h>

#define DIR_  "/tmp/dnotify"
#define FILE_ DIR_ "/file"
#define SIG   (SIGRTMIN + 3)

static int dir = -1;

static void
make(const char *path)
{
	int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0644);

	CHECK(fd >= 0);
	EQ(write(fd, "0123456789", 10), 10);
	close(fd);
}

/* An empty directory with a file and a directory, and the signal blocked. */
static void
start(void)
{
	sigset_t set;

	if (system("rm -rf " DIR_ " " DIR_ ".other") != 0)
		FAIL("rm");
	EQ(mkdir(DIR_, 0755), 0);
	EQ(mkdir(DIR_ ".other", 0755), 0);
	EQ(mkdir(DIR_ "/sub", 0755), 0);
	make(FILE_);
	sigemptyset(&set);
	sigaddset(&set, SIG);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	dir = open(DIR_, O_RDONLY | O_DIRECTORY);
	CHECK(dir >= 0);
	EQ(fcntl(dir, F_SETSIG, SIG), 0);
}

/* Pending signals, taken; *si is the last. */
static int
signals(siginfo_t *si)
{
	static const struct timespec now;
	siginfo_t local;
	sigset_t set;
	int n = 0;

	sigemptyset(&set);
	sigaddset(&set, SIG);
	sigaddset(&set, SIGIO);
	while (sigtimedwait(&set, si != NULL ? si : &local, &now) > 0)
		n++;
	return (n);
}

static int
watch(unsigned events)
{
	return (fcntl(dir, F_NOTIFY, (unsigned long)events));
}

/* --- what is told ------------------------------------------------------------- */

static int fd; /* of the file, opened before it was watched */

static void
op_read(void)
{
	char c;

	EQ(pread(fd, &c, 1, 0), 1);
}
static void
op_read_end(void)
{
	char c;

	EQ(pread(fd, &c, 1, 100), 0);
}
static void
op_list(void)
{
	char buf[1024];

	CHECK(syscall(SYS_getdents64, dir, buf, sizeof(buf)) > 0);
}
static void
op_write(void)
{
	EQ(pwrite(fd, "x", 1, 0), 1);
}
static void
op_truncate(void)
{
	EQ(truncate(FILE_, 5), 0);
}
static void
op_ftruncate(void)
{
	EQ(ftruncate(fd, 7), 0);
}
static void
op_open_trunc(void)
{
	close(open(FILE_, O_WRONLY | O_TRUNC));
}
static void
op_allocate(void)
{
	EQ(fallocate(fd, 0, 0, 100), 0);
}
static void
op_create(void)
{
	close(open(DIR_ "/new", O_CREAT | O_WRONLY, 0600));
}
static void
op_open(void)
{
	close(open(FILE_, O_CREAT | O_WRONLY, 0600));
}
static void
op_mkdir(void)
{
	EQ(mkdir(DIR_ "/newdir", 0700), 0);
}
static void
op_symlink(void)
{
	EQ(symlink("x", DIR_ "/link"), 0);
}
static void
op_link(void)
{
	EQ(link(FILE_, DIR_ "/hard"), 0);
}
static void
op_mkfifo(void)
{
	EQ(mkfifo(DIR_ "/fifo", 0600), 0);
}
static void
op_unlink(void)
{
	EQ(unlink(FILE_), 0);
}
static void
op_rmdir(void)
{
	EQ(rmdir(DIR_ "/sub"), 0);
}
static void
op_rename(void)
{
	EQ(rename(FILE_, DIR_ "/renamed"), 0);
}
static void
op_rename_out(void)
{
	EQ(rename(FILE_, DIR_ ".other/renamed"), 0);
}
static void
op_rename_in(void)
{
	EQ(rename(DIR_ ".other", DIR_ "/renamed"), 0);
}
static void
op_exchange(void)
{
	EQ(syscall(SYS_renameat2, AT_FDCWD, FILE_, AT_FDCWD, DIR_ "/sub", 2),
	    0);
}
static void
op_chmod(void)
{
	EQ(chmod(FILE_, 0600), 0);
}
static void
op_chmod_sub(void)
{
	EQ(chmod(DIR_ "/sub", 0700), 0);
}
static void
op_chmod_self(void)
{
	EQ(fchmod(dir, 0700), 0);
}
static void
op_chown(void)
{
	EQ(fchown(fd, getuid(), getgid()), 0);
}
static void
op_chown_none(void)
{
	EQ(chown(FILE_, (uid_t)-1, (gid_t)-1), 0);
}
static void
op_times(void)
{
	EQ(utimensat(AT_FDCWD, FILE_, NULL, 0), 0);
}
static void
op_atime(void)
{
	struct timespec ts[2] = {{1, 0}, {0, UTIME_OMIT}};

	EQ(utimensat(AT_FDCWD, FILE_, ts, 0), 0);
}
static void
op_mtime(void)
{
	struct timespec ts[2] = {{0, UTIME_OMIT}, {1, 0}};

	EQ(futimens(fd, ts), 0);
}
static void
op_xattr(void)
{
	EQ(setxattr(FILE_, "user.x", "1", 1, 0), 0);
}
static void
op_stat(void)
{
	struct stat st;

	EQ(stat(FILE_, &st), 0);
	EQ(access(FILE_, R_OK), 0);
}
static void
op_fail(void)
{
	ERR(mkdir(DIR_ "/sub", 0700), EEXIST);
	ERR(unlink(DIR_ "/nothing"), ENOENT);
	ERR(rename(DIR_ "/nothing", FILE_), ENOENT);
	ERR(open(FILE_, O_CREAT | O_EXCL, 0600), EEXIST);
}
static void
op_below(void)
{
	make(DIR_ "/sub/file");
	EQ(unlink(DIR_ "/sub/file"), 0);
}

static const struct {
	const char *name;
	void (*func)(void);
	unsigned told; /* each of these alone tells it, and no other */
} rows[] = {
    {"read", op_read, DN_ACCESS},
    {"read at the end", op_read_end, 0},
    {"getdents", op_list, DN_ACCESS},
    {"write", op_write, DN_MODIFY},
    {"truncate", op_truncate, DN_MODIFY},
    {"ftruncate", op_ftruncate, DN_MODIFY},
    {"O_TRUNC", op_open_trunc, DN_MODIFY},
    {"fallocate", op_allocate, DN_MODIFY},
    {"create", op_create, DN_CREATE},
    {"open", op_open, 0},
    {"mkdir", op_mkdir, DN_CREATE},
    {"symlink", op_symlink, DN_CREATE},
    {"link", op_link, DN_CREATE},
    {"mkfifo", op_mkfifo, DN_CREATE},
    {"unlink", op_unlink, DN_DELETE},
    {"rmdir", op_rmdir, DN_DELETE},
    {"rename", op_rename, DN_RENAME | DN_CREATE | DN_DELETE},
    {"rename out", op_rename_out, DN_DELETE},
    {"rename in", op_rename_in, DN_CREATE},
    {"exchange", op_exchange, DN_RENAME | DN_CREATE | DN_DELETE},
    {"chmod", op_chmod, DN_ATTRIB},
    {"chmod of a directory in it", op_chmod_sub, DN_ATTRIB},
    {"chmod of itself", op_chmod_self, DN_ATTRIB},
    {"chown", op_chown, DN_ATTRIB},
    {"chown of nothing", op_chown_none, 0},
    {"both times", op_times, DN_ATTRIB},
    {"atime", op_atime, DN_ACCESS},
    {"mtime", op_mtime, DN_MODIFY},
    {"setxattr", op_xattr, DN_ATTRIB},
    {"stat", op_stat, 0},
    {"failures", op_fail, 0},
    {"deeper", op_below, 0},
};

static void
one_row(size_t i)
{
	static const unsigned events[] = {
	    DN_ACCESS, DN_MODIFY, DN_CREATE, DN_DELETE, DN_RENAME, DN_ATTRIB};
	bool told;
	int n;

	for (size_t k = 0; k < sizeof(events) / sizeof(events[0]); k++) {
		start();
		fd = open(FILE_, O_RDWR);
		EQ(watch(events[k]), 0);
		rows[i].func();
		told = (rows[i].told & events[k]) != 0;
		if ((n = signals(NULL)) != told)
			FAIL("%s, events %x: %d signals", rows[i].name,
			    events[k], n);
		close(fd);
		close(dir);
	}
}

GTEST(events, "which operation is told as which event?")
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		one_row(i);
}

GTEST(once, "does a notice end with its first event unless it is to be kept?")
{
	start();
	EQ(watch(DN_CREATE), 0);
	op_create();
	op_mkdir();
	EQ(signals(NULL), 1);
	EQ(watch(DN_CREATE | DN_DELETE | DN_MULTISHOT), 0);
	op_link();
	op_unlink();
	op_symlink();
	EQ(signals(NULL), 3);
	/* A rename within is an end and a beginning. */
	EQ(rename(DIR_ "/hard", DIR_ "/harder"), 0);
	EQ(signals(NULL), 2);
	/* Nothing to be told ends it; MULTISHOT is not an event. */
	EQ(watch(DN_MULTISHOT), 0);
	op_mkfifo();
	EQ(signals(NULL), 0);
	EQ(watch(0), 0);
}

GTEST(more, "does a second call add to the first?")
{
	start();
	EQ(watch(DN_CREATE | DN_MULTISHOT), 0);
	EQ(watch(DN_DELETE), 0);
	op_create();
	op_unlink();
	op_mkdir();
	EQ(signals(NULL), 3);
	EQ(watch(0), 0);
	op_rmdir();
	EQ(signals(NULL), 0);
}

GTEST(details, "does the signal say which descriptor, and that it is news?")
{
	siginfo_t si;
	int other;

	start();
	EQ(watch(DN_CREATE | DN_MULTISHOT), 0);
	op_create();
	EQ(signals(&si), 1);
	EQ(si.si_signo, SIG);
	EQ(si.si_fd, dir);
	EQ(si.si_code, POLL_MSG);
	/* The descriptor of the last call. */
	other = dup(dir);
	EQ(fcntl(other, F_NOTIFY, DN_DELETE), 0);
	op_mkdir();
	EQ(signals(&si), 1);
	EQ(si.si_fd, other);
	/* Without F_SETSIG it is SIGIO and says nothing. */
	EQ(fcntl(dir, F_SETSIG, 0), 0);
	op_link();
	EQ(signals(&si), 1);
	EQ(si.si_signo, SIGIO);
	EQ(si.si_code, SI_KERNEL);
	EQ(fcntl(dir, F_GETOWN), getpid());
}

GTEST(refused, "what cannot be watched?")
{
	int file, place, p[2];

	start();
	file = open(FILE_, O_RDONLY);
	place = open(DIR_, O_PATH);
	EQ(pipe(p), 0);
	ERR(fcntl(file, F_NOTIFY, DN_CREATE), ENOTDIR);
	ERR(fcntl(p[0], F_NOTIFY, DN_CREATE), ENOTDIR);
	ERR(fcntl(place, F_NOTIFY, DN_CREATE), EBADF);
	ERR(fcntl(999, F_NOTIFY, DN_CREATE), EBADF);
	EQ(fcntl(file, F_NOTIFY, 0), 0);
	EQ(fcntl(p[0], F_NOTIFY, DN_MULTISHOT), 0);
	/* Events that there are not are let pass. */
	EQ(fcntl(dir, F_NOTIFY, 0x40000000), 0);
	op_create();
	EQ(signals(NULL), 0);
}

GTEST(closed, "whose close ends a notice?")
{
	int other, st;
	pid_t pid;

	start();
	EQ(watch(DN_CREATE | DN_MULTISHOT), 0);
	/* Of a child: not ours. */
	if ((pid = fork()) == 0) {
		close(dir);
		_exit(0);
	}
	EQ(waitpid(pid, &st, 0), pid);
	op_create();
	EQ(signals(NULL), 1);
	/* A child's own goes to the owner, which we are, and ends with it. */
	if ((pid = fork()) == 0) {
		EQ(fcntl(dir, F_NOTIFY, DN_DELETE | DN_MULTISHOT), 0);
		op_unlink();
		_exit(gtest_failures);
	}
	EQ(waitpid(pid, &st, 0), pid);
	EQ(st, 0);
	EQ(signals(NULL), 1);
	EQ(unlink(DIR_ "/new"), 0);
	EQ(signals(NULL), 0);
	/* Any of ours does, even another one. */
	other = dup(dir);
	close(other);
	op_mkdir();
	EQ(signals(NULL), 0);
}

GTEST(names, "is a file news where it was reached, and after its name went?")
{
	int a, b;

	start();
	EQ(link(FILE_, DIR_ ".other/hard"), 0);
	a = open(FILE_, O_RDWR);
	b = open(DIR_ ".other/hard", O_RDWR);
	EQ(watch(DN_MODIFY | DN_ATTRIB | DN_MULTISHOT), 0);
	EQ(pwrite(b, "x", 1, 0), 1);
	EQ(chmod(DIR_ ".other/hard", 0600), 0);
	EQ(signals(NULL), 0);
	EQ(pwrite(a, "x", 1, 0), 1);
	EQ(chmod(FILE_, 0644), 0);
	EQ(signals(NULL), 2);
	/* What moves away tells the new directory. */
	EQ(rename(FILE_, DIR_ ".other/moved"), 0);
	EQ(pwrite(a, "x", 1, 0), 1);
	EQ(signals(NULL), 0);
	/* What moves in tells this one. */
	EQ(rename(DIR_ ".other/hard", DIR_ "/in"), 0);
	EQ(pwrite(b, "x", 1, 0), 1);
	EQ(signals(NULL), 1);
	close(a);
	close(b);
}

static int writer;

static void *
write_much(void *arg)
{
	for (int i = 0; i < 300; i++)
		if (pwrite(writer, "x", 1, 0) != 1)
			FAIL("write");
	return (arg);
}

GTEST(race, "do notices come and go while files are written?")
{
	pthread_t t[2];

	start();
	writer = open(FILE_, O_RDWR);
	for (int i = 0; i < 2; i++)
		EQ(pthread_create(&t[i], NULL, write_much, NULL), 0);
	for (int i = 0; i < 300; i++) {
		EQ(watch(DN_MODIFY | (i % 2 == 0 ? DN_MULTISHOT : 0)), 0);
		if (i % 3 == 0) {
			close(dir);
			dir = open(DIR_, O_RDONLY | O_DIRECTORY);
		}
	}
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	(void)signals(NULL);
	EQ(watch(0), 0);
	EQ(pwrite(writer, "x", 1, 0), 1);
	EQ(signals(NULL), 0);
}

/* --- other news of fcntl ----------------------------------------------------------- */

#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027
#endif
#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

GTEST(owner_uids, "does an open file tell who named its owner?")
{
	uid_t ids[2] = {9, 9};

	start();
	EQ(fcntl(dir, F_GETOWNER_UIDS, ids), 0);
	EQ(ids[0], 0);
	EQ(ids[1], 0);
	if (geteuid() == 0)
		EQ(setresuid(1000, 1001, 0), 0);
	EQ(fcntl(dir, F_SETOWN, getpid()), 0);
	EQ(fcntl(dir, F_GETOWNER_UIDS, ids), 0);
	EQ(ids[0], getuid());
	EQ(ids[1], geteuid());
	ERR(fcntl(dir, F_GETOWNER_UIDS, 1), EFAULT);
	ERR(fcntl(999, F_GETOWNER_UIDS, ids), EBADF);
}

GTEST(dup_query, "can two descriptors be told to be one open file?")
{
	int same, other;

	start();
	same = dup(dir);
	other = open(DIR_, O_RDONLY);
	EQ(fcntl(dir, F_DUPFD_QUERY, same), 1);
	EQ(fcntl(dir, F_DUPFD_QUERY, dir), 1);
	EQ(fcntl(dir, F_DUPFD_QUERY, other), 0);
	ERR(fcntl(dir, F_DUPFD_QUERY, 999), EBADF);
	ERR(fcntl(999, F_DUPFD_QUERY, dir), EBADF);
}
