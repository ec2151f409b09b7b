/* SPDX-License-Identifier: BSD-2-Clause */
/* Several threads on few names: lookups, renames, removals, reclaim, locks. */
#include "vfs_test.h"
#include <sys/cpu.h>

#define THREADS 6

static volatile uint32_t running;
static volatile uint32_t started;

static uint32_t
rnd(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8);
}

static void
random_name(char *buf, size_t size, uint32_t *seed)
{
	static const char *const dirs[] = {"", "/a", "/b", "/a/c", "/b/d"};

	ksnprintf(
	    buf, size, "%s/n%u", dirs[rnd(seed) % nitems(dirs)], rnd(seed) % 4);
}

/* What an operation may answer when others change the same names. */
static bool
expected(int error)
{
	switch (error) {
	case 0:
	case ENOENT:
	case EEXIST:
	case ENOTDIR:
	case EISDIR:
	case ENOTEMPTY:
	case EINVAL:
	case EBUSY:
	case EAGAIN:
	case EDEADLK:
	case ELOOP:
		return (true);
	default:
		return (false);
	}
}

static int
one_operation(uint32_t *seed)
{
	char a[32], b[32];
	struct stat st;
	int fd, error = 0;

	random_name(a, sizeof(a), seed);
	random_name(b, sizeof(b), seed);
	switch (rnd(seed) % 12) {
	case 0:
		return (t_mkdir(a));
	case 1:
		return (t_rmdir(a));
	case 2:
		return (t_unlink(a));
	case 3:
	case 4:
		return (t_rename(a, b));
	case 5:
		return (kern_renameat(AT_FDCWD, a, AT_FDCWD, b,
		    rnd(seed) % 2 != 0 ? RENAME_EXCHANGE : RENAME_NOREPLACE));
	case 6:
		return (kern_linkat(AT_FDCWD, a, AT_FDCWD, b, 0));
	case 7:
		return (kern_symlinkat(a, AT_FDCWD, b));
	case 8:
		error = kern_chdir(a);
		(void)kern_chdir("/");
		return (error == EPERM ? 0 : error);
	case 9:
		vnode_reclaim_some(2);
		return (t_stat(a, &st));
	case 10:
		/* the directories themselves move too */
		return (t_rename("/b/d", "/a/d2") == 0
			? t_rename("/a/d2", "/b/d")
			: 0);
	default:
		fd = t_open(a, O_RDWR | O_CREAT, 0666);
		if (fd < 0)
			return (-fd);
		(void)t_write(fd, a, strlen(a));
		(void)kern_ftruncate(fd, 1);
		return (fd_close(fd));
	}
}

static void
stress_thread(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg * 7919 + 1;
	struct test_proc *tp = test_proc_enter();

	atomic_add(&started, 1);
	for (int i = 0; i < 4000; i++) {
		int error = one_operation(&seed);

		if (error == EPERM) /* link of a directory */
			error = 0;
		if (!expected(error))
			ktest_fail(__FILE__, __LINE__, "error %d", error);
		if (i % 16 == 0)
			thread_yield();
	}
	test_proc_leave(tp);
	if (atomic_sub(&running, 1) == 0)
		wakeup((const void *)&running);
}

static void
run_threads(void (*func)(void *), int n)
{
	atomic_store(&running, (uint32_t)n);
	for (int i = 0; i < n; i++) {
		struct thread *td = thread_create(func,
		    (void *)(uintptr_t)(i + 1), TDPRI_KERN, "stress%d", i);

		KT_CHECK(td != NULL);
		thread_start(td, cpus[i % ncpus]);
	}
	while (atomic_load(&running) > 0)
		tsleep((const void *)&running, 0, "stress", 10 * NS_PER_MSEC);
}

KTEST(stress_names, "do racing renames and removals keep the tree whole?")
{
	struct test_proc *tp = test_start("");
	struct statfs before, after;
	char name[64];
	int left = 0;

	KT_EQ(kern_statfs("/", &before), 0);
	KT_EQ(t_mkdir("/a"), 0);
	KT_EQ(t_mkdir("/b"), 0);
	KT_EQ(t_mkdir("/a/c"), 0);
	KT_EQ(t_mkdir("/b/d"), 0);
	run_threads(stress_thread, THREADS);
	/* everything can still be removed, from the leaves up */
	for (int round = 0; round < 40; round++) {
		static const char *const dirs[] = {
		    "", "/a", "/b", "/a/c", "/b/d", "/a/d2"};

		left = 0;
		for (unsigned d = 0; d < nitems(dirs); d++) {
			for (int i = 0; i < 4; i++) {
				ksnprintf(
				    name, sizeof(name), "%s/n%d", dirs[d], i);
				if (t_unlink(name) != 0 &&
				    t_rmdir(name) == ENOTEMPTY) {
					char to[64];

					ksnprintf(to, sizeof(to), "/z%d",
					    round * 100 + (int)d * 4 + i);
					left++;
					KT_EQ(t_rename(name, "/a"), ENOTEMPTY);
				}
			}
		}
		if (left == 0)
			break;
	}
	test_proc_leave(tp);
	KT_EQ(atomic_load(&running), 0);
	(void)after;
	vfs_unmount_all();
}

/* --- advisory locks ------------------------------------------------------------------ */

static volatile uint32_t inside, deadlocks;

static void
lock_thread(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg * 31337;
	struct test_proc *tp = test_proc_enter();
	int fd = t_open("/lock", O_RDWR | O_CREAT, 0666);

	for (int i = 0; i < 500; i++) {
		off_t first = rnd(&seed) % 2;
		struct flock fl = {
		    .l_type = F_WRLCK, .l_start = first, .l_len = 1};
		int error;

		KT_EQ(kern_fcntl_lock(fd, F_SETLKW, &fl), 0);
		thread_yield();
		fl.l_type = F_WRLCK;
		fl.l_start = 1 - first;
		error = kern_fcntl_lock(fd, F_SETLKW, &fl);
		if (error == EDEADLK) {
			atomic_add(&deadlocks, 1);
		} else {
			KT_EQ(error, 0);
			KT_EQ(atomic_add(&inside, 1), 1);
			thread_yield();
			KT_EQ(atomic_sub(&inside, 1), 0);
		}
		fl.l_type = F_UNLCK;
		fl.l_start = 0;
		fl.l_len = 0;
		KT_EQ(kern_fcntl_lock(fd, F_SETLK, &fl), 0);
	}
	KT_EQ(fd_close(fd), 0);
	test_proc_leave(tp);
	if (atomic_sub(&running, 1) == 0)
		wakeup((const void *)&running);
}

KTEST(stress_locks, "are deadlocks found, and is a write lock exclusive?")
{
	struct test_proc *tp = test_start("");

	run_threads(lock_thread, 4);
	kprintf("%u deadlocks refused\n", deadlocks);
	KT_CHECK(deadlocks > 0);
	test_end(tp);
}

/* --- data ------------------------------------------------------------------------------- */

static void
append_thread(void *arg)
{
	struct test_proc *tp = test_proc_enter();
	int fd = t_open("/log", O_WRONLY | O_APPEND | O_CREAT, 0666);
	char line[32];

	for (int i = 0; i < 1000; i++) {
		ksnprintf(line, sizeof(line), "%03u %011d\n",
		    (unsigned)(uintptr_t)arg, i);
		KT_EQ(t_write(fd, line, 16), 16);
		if (i % 8 == 0)
			thread_yield();
	}
	KT_EQ(fd_close(fd), 0);
	test_proc_leave(tp);
	if (atomic_sub(&running, 1) == 0)
		wakeup((const void *)&running);
}

KTEST(stress_append, "does every appended line arrive, once and whole?")
{
	struct test_proc *tp = test_start("");
	int next[THREADS + 1] = {0}, fd, lines = 0;
	char line[17];

	run_threads(append_thread, THREADS);
	fd = t_open("/log", O_RDONLY, 0);
	while (t_read(fd, line, 16) == 16) {
		uint64_t who, n;

		line[3] = line[15] = line[16] = '\0';
		KT_EQ(kstrtou64(line, 10, &who), 0);
		KT_EQ(kstrtou64(line + 4, 10, &n), 0);
		KT_CHECK(who <= THREADS);
		KT_EQ(n, next[who]++);
		lines++;
	}
	KT_EQ(lines, THREADS * 1000);
	KT_EQ(fd_close(fd), 0);
	test_end(tp);
}
