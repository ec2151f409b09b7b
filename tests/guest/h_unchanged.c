/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call that fails for want of a resource has changed nothing.
 *
 * For each call of the table: the thread asks for its n-th failure
 * (/proc/thread-self/fail-nth), makes the call, and if that gave an error, all
 * that can be seen of the process and of its folder must be as before: names,
 * kinds, sizes, links, bytes, modes, descriptors and what they are, mappings,
 * break, working directory, mask of signals.  Then n + 1, until nothing fails
 * any more and the call succeeds.  Linux has the same file in kernels built for
 * it, but does not fail at the same places.
 *
 * Not fork: what is left of the count would fail the first page that the parent
 * writes afterwards, and a program without memory for its own pages dies.
 */
#include "gtest.h"
#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define PLACE	"/tmp/unchanged"
#define MOST	400
#define MAPPING ((char *)0x10000000UL)
#define PAGES	16

static int file, other, epoll, pair[2], nth_fd;
static char before[65536], after[65536], maps[65536];

/* --- what can be seen ------------------------------------------------------------ */

static size_t
add(char *buf, size_t used, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf + used, sizeof(before) - used, fmt, ap);
	va_end(ap);
	used += (size_t)n;
	if (used >= sizeof(before)) {
		FAIL("the state is too long");
		exit(1);
	}
	return (used);
}

/* getdents itself: the C library's buffer would be seen as a mapping. */
static size_t
add_folder(char *buf, size_t used, const char *path, bool links)
{
	static char dents[16384], text[4096];
	int fd = open(path, O_RDONLY | O_DIRECTORY), f;
	struct stat st;
	long n;

	while ((n = syscall(SYS_getdents64, fd, dents, sizeof(dents))) > 0)
		for (long at = 0; at < n;) {
			struct dirent64 *de = (void *)(dents + at);
			char name[512];
			ssize_t got;

			at += de->d_reclen;
			if (de->d_name[0] == '.' ||
			    (links && atoi(de->d_name) == fd))
				continue;
			snprintf(name, sizeof(name), "%s/%s", path, de->d_name);
			if (links) {
				got = readlink(name, text, sizeof(text) - 1);
				text[got > 0 ? got : 0] = '\0';
				used = add(
				    buf, used, "fd %s %s\n", de->d_name, text);
				continue;
			}
			if (lstat(name, &st) != 0)
				continue;
			used = add(buf, used, "%s %o %ld %lu ", de->d_name,
			    st.st_mode, (long)st.st_size, (long)st.st_nlink);
			if (S_ISREG(st.st_mode) &&
			    (f = open(name, O_RDONLY)) >= 0) {
				got = read(f, text, 256);
				for (ssize_t i = 0; i < got; i++)
					used = add(
					    buf, used, "%02x", text[i] & 255);
				close(f);
			}
			used = add(buf, used, "\n");
		}
	close(fd);
	return (used);
}

/*
 * Our mappings: the text's change while hot calls are rewritten.  One that was
 * split and is still all there is the same.
 */
static size_t
add_mappings(char *buf, size_t used)
{
	unsigned long from, to, start = 0, end = 0;
	char perm[8], last[8] = "", *p, *next;
	size_t got = 0;
	ssize_t n;
	int fd = open("/proc/self/maps", O_RDONLY);

	while ((n = read(fd, maps + got, sizeof(maps) - 1 - got)) > 0)
		got += (size_t)n;
	close(fd);
	maps[got] = '\0';
	for (p = maps; *p != '\0'; p = next) {
		next = p + strcspn(p, "\n");
		next += *next != '\0';
		if (sscanf(p, "%lx-%lx %7s", &from, &to, perm) != 3 ||
		    from < (unsigned long)MAPPING ||
		    from >= (unsigned long)MAPPING * 2)
			continue;
		if (from == end && strcmp(perm, last) == 0) {
			end = to;
			continue;
		}
		if (end != 0)
			used = add(buf, used, "%lx-%lx %s\n", start, end, last);
		start = from;
		end = to;
		strcpy(last, perm);
	}
	return (add(buf, used, "%lx-%lx %s\n", start, end, last));
}

static void
look(char *buf)
{
	sigset_t set;
	ssize_t n;
	size_t used = add_folder(buf, 0, PLACE, false);

	used = add_folder(buf, used, "/proc/self/fd", true);
	used = add_mappings(buf, used);
	n = readlink("/proc/self/cwd", buf + used, 128);
	used += n > 0 ? (size_t)n : 0;
	sigprocmask(SIG_SETMASK, NULL, &set);
	used = add(buf, used, "\nmask %lx file at %ld break %lx flags %x\n",
	    *(unsigned long *)&set, (long)lseek(file, 0, SEEK_CUR),
	    syscall(SYS_brk, 0), fcntl(file, F_GETFL));
	buf[used] = '\0';
}

/* --- the calls ----------------------------------------------------------------------- */

struct call {
	const char *name;
	long (*make)(void);   /* -1 and errno */
	void (*undo)(long r); /* of a success */
};

static void
undo_close(long r)
{
	close((int)r);
}

static void
undo_none(long r)
{
	(void)r;
}

#define CALL(id, expr)                                                         \
	static long make_##id(void)                                            \
	{                                                                      \
		return ((long)(expr));                                         \
	}
#define UNDO(id, ...)                                                          \
	static void undo_##id(long r)                                          \
	{                                                                      \
		(void)r;                                                       \
		__VA_ARGS__;                                                   \
	}

static int two[2];
static timer_t timer;
static void *const where = MAPPING + 64 * 4096;

CALL(create, open("new", O_CREAT | O_EXCL | O_RDWR, 0600))
UNDO(create, close((int)r); unlink("new"))
CALL(tmpfile, open(".", O_TMPFILE | O_RDWR, 0600))
CALL(mkdir, mkdir("folder2", 0700))
UNDO(mkdir, rmdir("folder2"))
CALL(mkfifo, mkfifo("fifo", 0600))
UNDO(mkfifo, unlink("fifo"))
CALL(symlink, symlink("a/longer/text/for/the/link/than/fits/anywhere", "sym2"))
UNDO(symlink, unlink("sym2"))
CALL(link, link("a", "a2"))
UNDO(link, unlink("a2"))
CALL(rename, rename("a", "folder/a"))
UNDO(rename, rename("folder/a", "a"))
CALL(exchange, renameat2(AT_FDCWD, "a", AT_FDCWD, "folder", RENAME_EXCHANGE))
UNDO(exchange, renameat2(AT_FDCWD, "a", AT_FDCWD, "folder", RENAME_EXCHANGE))
CALL(unlink, unlink("gone"))
UNDO(unlink, close(open("gone", O_CREAT | O_WRONLY, 0644)))
CALL(chmod, chmod("a", 0600))
UNDO(chmod, chmod("a", 0644))
CALL(grow, ftruncate(file, 100000))
UNDO(grow, ftruncate(file, 100))
CALL(reserve, fallocate(file, 0, 0, 50000))
UNDO(reserve, ftruncate(file, 100))
CALL(punch, fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10, 20))
UNDO(punch, pwrite(file, "xxxxxxxxxxxxxxxxxxxx", 20, 10))
CALL(write, pwrite(file, "changed", 7, 70000))
UNDO(write, ftruncate(file, 100))
CALL(xattr, setxattr("a", "user.name", "value", 5, 0))
UNDO(xattr, removexattr("a", "user.name"))
CALL(chdir, chdir("folder"))
UNDO(chdir, chdir(".."))
CALL(pipe, pipe(two))
UNDO(pipe, close(two[0]); close(two[1]))
CALL(socketpair, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, two))
CALL(socket, socket(AF_UNIX, SOCK_STREAM, 0))
CALL(eventfd, eventfd(3, 0))
CALL(timerfd, timerfd_create(CLOCK_MONOTONIC, 0))
CALL(epoll, epoll_create1(0))
CALL(memfd, memfd_create("mem", 0))
CALL(dup, dup(file))
CALL(dup_high, dup2(file, 900))
CALL(fcntl_dup, fcntl(file, F_DUPFD_CLOEXEC, 500))
CALL(flock, flock(file, LOCK_EX))
UNDO(flock, flock(file, LOCK_UN))
CALL(mount, mount("none", "folder", "tmpfs", 0, NULL))
UNDO(mount, umount("folder"))
CALL(map,
    mmap(where, 32 * 4096, PROT_READ | PROT_WRITE,
	MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0))
UNDO(map, munmap(where, 32 * 4096))
CALL(map_file,
    mmap(where, 4096, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0))
UNDO(map_file, munmap(where, 4096))
CALL(unmap_middle, munmap(MAPPING + 5 * 4096, 4096))
CALL(protect, mprotect(MAPPING + 4096, 4096, PROT_READ))
CALL(remap,
    mremap(MAPPING, PAGES * 4096, 200 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED,
	where))
CALL(lock_memory, mlock(MAPPING, 3 * 4096))
UNDO(lock_memory, munlock(MAPPING, 3 * 4096))
CALL(timer, timer_create(CLOCK_MONOTONIC, NULL, &timer))
UNDO(timer, timer_delete(timer))

static long
make_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return (signalfd(-1, &set, 0));
}

static long
make_epoll_add(void)
{
	struct epoll_event ev = {.events = EPOLLIN};

	return (epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &ev));
}

/* EEXIST, and only then, says that it is in. */
UNDO(epoll_add, EQ(epoll_ctl(epoll, EPOLL_CTL_DEL, pair[0], NULL), 0))

static long
make_lock(void)
{
	struct flock fl = {.l_type = F_WRLCK, .l_start = 10, .l_len = 10};

	return (fcntl(file, F_SETLK, &fl));
}

static void
undo_lock(long r)
{
	struct flock fl = {.l_type = F_UNLCK};

	(void)r;
	fcntl(file, F_SETLK, &fl);
}

static long
make_bind(void)
{
	struct sockaddr_un sun = {AF_UNIX, "socket"};

	return (bind(other, (struct sockaddr *)&sun, sizeof(sun)));
}

/* Bound is bound: the next one needs a new socket, at the same number. */
static void
undo_bind(long r)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)r;
	dup2(fd, other);
	close(fd);
	unlink("socket");
}

static long
make_send_fd(void)
{
	char byte = 'x', control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &file, sizeof(int));
	return (sendmsg(pair[0], &m, MSG_DONTWAIT));
}

static void
undo_send_fd(long r)
{
	char byte;

	EQ(recv(pair[1], &byte, 1, MSG_DONTWAIT), r);
}

static long
make_fork(void)
{
	pid_t pid = (pid_t)syscall(SYS_fork);

	if (pid == 0)
		_exit(0);
	return (pid);
}

static void
make_mapping(void)
{
	CHECK(mmap(MAPPING, PAGES * 4096, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAPPING);
	memset(MAPPING, 1, PAGES * 4096);
}

static void
undo_unmap_middle(long r)
{
	(void)r;
	make_mapping();
}

/* The parts stay apart: mremap would not take them as one. */
static void
undo_protect(long r)
{
	(void)r;
	make_mapping();
}

static void
undo_remap(long r)
{
	munmap((void *)r, 200 * 4096);
	make_mapping();
}

#define FD(id)                                                                 \
	{                                                                      \
#id, make_##id, undo_close                                     \
	}
#define PAIR(id)                                                               \
	{                                                                      \
#id, make_##id, undo_pipe                                      \
	}
#define ROW(id)                                                                \
	{                                                                      \
#id, make_##id, undo_##id                                      \
	}
static const struct call files[] = {ROW(create), FD(tmpfile), ROW(mkdir),
    ROW(mkfifo), ROW(symlink), ROW(link), ROW(rename), ROW(exchange),
    ROW(unlink), ROW(chmod), ROW(grow), ROW(reserve), ROW(punch), ROW(write),
    ROW(xattr), ROW(chdir), ROW(flock), ROW(lock), ROW(mount)};
static const struct call objects[] = {PAIR(pipe), PAIR(socketpair), FD(socket),
    FD(eventfd), FD(timerfd), FD(epoll), FD(memfd), FD(signalfd), FD(dup),
    FD(dup_high), FD(fcntl_dup), ROW(epoll_add), ROW(bind), ROW(send_fd),
    ROW(timer)};
static const struct call memory[] = {ROW(map), ROW(map_file), ROW(unmap_middle),
    ROW(protect), ROW(remap), ROW(lock_memory)};

/* --- the sweep --------------------------------------------------------------------------- */

static void
prepare(void)
{
	char bytes[100];

	CHECK(mkdir(PLACE, 0755) == 0 || errno == EEXIST);
	CHECK(chdir(PLACE) == 0);
	memset(bytes, 'x', sizeof(bytes));
	file = open("a", O_CREAT | O_RDWR, 0644);
	EQ(write(file, bytes, sizeof(bytes)), sizeof(bytes));
	close(open("gone", O_CREAT | O_WRONLY, 0644));
	CHECK(mkdir("folder", 0755) == 0);
	CHECK(symlink("a", "sym") == 0);
	other = socket(AF_UNIX, SOCK_STREAM, 0);
	epoll = epoll_create1(0);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	make_mapping();
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	CHECK(nth_fd >= 0);
}

static void
ask(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	/* What is left of a count may fail the call that ends it. */
	CHECK(pwrite(nth_fd, text, (size_t)len, 0) == len || n == 0);
}

/* What is left to count: 0 says that it failed; -1: that reading did. */
static int
left(void)
{
	char text[16] = "";

	return (pread(nth_fd, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : -1);
}

/* Print the first line that differs. */
static void
differs(const char *name, int n, int error)
{
	const char *a = before, *b = after;

	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	while (a > before && a[-1] != '\n') {
		a--;
		b--;
	}
	FAIL("%s failed with %s at n = %d, but changed\n  %.*s\nto\n  %.*s",
	    name, strerror(error), n, (int)strcspn(a, "\n"), a,
	    (int)strcspn(b, "\n"), b);
}

static void
sweep(const struct call *c)
{
	int errors = 0, n, error;
	bool fired = true;
	long r = c->make();

	/* Our own pages are there now: no page fault of ours takes the count. */
	CHECK(r != -1);
	c->undo(r);
	for (n = 1; fired && n < MOST && gtest_failures == 0; n++) {
		look(before);
		ask(n);
		errno = 0;
		r = c->make();
		error = errno;
		fired = left() == 0;
		ask(0);
		if (r != -1) {
			c->undo(r);
			continue;
		}
		errors++;
		look(after);
		if (!fired)
			FAIL("%s: %s without a failure", c->name,
			    strerror(error));
		if (strcmp(before, after) != 0)
			differs(c->name, n, error);
	}
	CHECK(n < MOST);
	printf("%s: %d places, %d errors\n", c->name, n - 2, errors);
}

#define SWEEP(table)                                                           \
	do {                                                                   \
		prepare();                                                     \
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)  \
			sweep(&table[i]);                                      \
	} while (0)

GTEST(files, "does a call on files that failed leave all as it was?")
{
	SWEEP(files);
}

GTEST(objects, "does a call that makes objects leave none when it failed?")
{
	SWEEP(objects);
}

GTEST(memory, "does a call on memory that failed leave the mappings?")
{
	SWEEP(memory);
}

GTEST(thread_only, "does a count fail its own thread, once, and for root only?")
{
	int fd;

	prepare();
	ask(1);
	ERR(mkdir("one", 0700), ENOMEM);
	EQ(left(), 0);
	EQ(mkdir("one", 0700), 0);
	ERR(pwrite(nth_fd, "x", 1, 0), EINVAL);
	ERR(pwrite(nth_fd, "-1", 2, 0), EINVAL);
	fd = open("/proc/1/fail-nth", O_RDWR);
	CHECK(fd >= 0);
	ERR(pwrite(fd, "1", 1, 0), EPERM);
	if (make_fork() > 0)
		CHECK(wait(NULL) > 0);
	CHECK(setuid(65534) == 0);
	ERR(pwrite(nth_fd, "1", 1, 0), EPERM);
}
