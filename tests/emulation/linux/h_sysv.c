/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V IPC as Linux programs see it: shared memory, semaphores, messages.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

#define PAGE 4096
#define KEY  0x4d61

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static void
nap(void)
{
	usleep(1000);
}

static int
reap(pid_t pid)
{
	int status = -1;

	EQ(waitpid(pid, &status, 0), pid);
	return (status);
}

static int
nattch(int id)
{
	struct shmid_ds ds;

	EQ(shmctl(id, IPC_STAT, &ds), 0);
	return ((int)ds.shm_nattch);
}

static char *
attach(int id, const void *at, int flags)
{
	char *p = shmat(id, at, flags);

	CHECK(p != (void *)-1);
	return (p);
}

/* --- shared memory ----------------------------------------------------------- */

GTEST(shm_share, "do parent and child see one segment, and IPC_STAT both?")
{
	struct shmid_ds ds;
	int id = shmget(IPC_PRIVATE, 5000, 0640);
	char *p = attach(id, NULL, 0);
	time_t now = time(NULL);
	pid_t pid;

	CHECK(id >= 0);
	EQ(p[0], 0);
	EQ(p[4999], 0);
	p[8191] = 'x'; /* the last page is whole */
	p[0] = 'a';
	EQ(nattch(id), 1);
	if ((pid = fork()) == 0) {
		EQ(nattch(id), 2);
		EQ(p[0], 'a');
		p[1] = 'b';
		EQ(shmdt(p), 0);
		EQ(nattch(id), 1);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(p[1], 'b');
	EQ(nattch(id), 1);
	EQ(shmctl(id, IPC_STAT, &ds), 0);
	EQ(ds.shm_segsz, 5000);
	EQ(ds.shm_perm.mode, 0640);
	EQ(ds.shm_perm.uid, geteuid());
	EQ(ds.shm_perm.cuid, geteuid());
	EQ(ds.shm_cpid, getpid());
	EQ(ds.shm_lpid, pid);
	CHECK(ds.shm_ctime >= now - 2 && ds.shm_ctime <= now + 60);
	CHECK(ds.shm_atime >= now - 2 && ds.shm_dtime >= now - 2);
	EQ(shmdt(p), 0);
	EQ(nattch(id), 0);
	p = attach(id, NULL, 0); /* what was written stays */
	EQ(p[1], 'b');
	EQ(shmctl(id, IPC_RMID, NULL), 0);
	EQ(shmdt(p), 0);
	ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
}

GTEST(shm_ends, "does the count go down however an attached process ends?")
{
	int id = shmget(IPC_PRIVATE, PAGE, 0600);
	pid_t pid;

	for (int how = 0; how < 3; how++) {
		if ((pid = fork()) == 0) {
			attach(id, NULL, 0);
			EQ(nattch(id), 1);
			if (how == 1)
				kill(getpid(), SIGKILL);
			if (how == 2)
				execl("/proc/self/exe", "h_sysv", "idle", NULL);
			_exit(0);
		}
		if (how == 2)
			EQ(WIFEXITED(reap(pid)), 1);
		else
			reap(pid);
		EQ(nattch(id), 0);
	}
	EQ(shmctl(id, IPC_RMID, NULL), 0);
}

GTEST(idle, "is doing nothing fine? (what another case executes)")
{
}

GTEST(shm_rmid, "does a removed segment live until the last detach?")
{
	struct shmid_ds ds;
	int id = shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600), other;
	char *p = attach(id, NULL, 0), *q;

	p[0] = 'x';
	ERR(shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	EQ(shmget(KEY, 0, 0), id);
	EQ(shmctl(id, IPC_RMID, NULL), 0);
	EQ(shmctl(id, IPC_STAT, &ds), 0);
	EQ(ds.shm_perm.mode, SHM_DEST | 0600);
	EQ(ds.shm_perm.__key, IPC_PRIVATE);
	ERR(shmget(KEY, 0, 0), ENOENT);
	q = attach(id, NULL, 0); /* the id works still */
	EQ(q[0], 'x');
	EQ(nattch(id), 2);
	other = shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600);
	CHECK(other >= 0 && other != id);
	EQ(shmdt(p), 0);
	EQ(q[0], 'x');
	EQ(shmdt(q), 0);
	ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
	ERR(shmat(id, NULL, 0), EINVAL);
	EQ(shmctl(other, IPC_RMID, NULL), 0);
	ERR(shmctl(other, IPC_RMID, NULL), EINVAL);
}

GTEST(shm_place, "does shmat take addresses, SHM_RND and SHM_REMAP as told?")
{
	int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
	char *room = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p;

	ERR(shmat(id, room, 0), EINVAL); /* something is there */
	ERR(shmat(id, room + 5, 0), EINVAL);
	ERR(shmat(id, NULL, SHM_REMAP), EINVAL);
	EQ(attach(id, room, SHM_REMAP), room);
	EQ(munmap(room + 8 * PAGE, 4 * PAGE), 0);
	EQ(attach(id, room + 8 * PAGE + 5, SHM_RND), room + 8 * PAGE);
	room[0] = 'q';
	EQ(room[8 * PAGE], 'q');
	EQ(nattch(id), 2);
	ERR(shmdt(room + 1), EINVAL);
	ERR(shmdt(room + PAGE), EINVAL);
	EQ(shmdt(room), 0);
	ERR(shmdt(room), EINVAL);
	EQ(nattch(id), 1);
	/* A mapping in pieces goes as a whole. */
	p = room + 8 * PAGE;
	EQ(mprotect(p, PAGE, PROT_READ), 0);
	EQ(nattch(id), 2);
	EQ(shmdt(p), 0);
	EQ(nattch(id), 0);
	/* munmap detaches, too. */
	p = attach(id, NULL, 0);
	EQ(munmap(p + PAGE, PAGE), 0);
	EQ(nattch(id), 1);
	EQ(munmap(p, PAGE), 0);
	EQ(nattch(id), 0);
	EQ(shmctl(id, IPC_RMID, NULL), 0);
}

GTEST(shm_readonly, "can a segment attached read-only not be made writable?")
{
	int id = shmget(IPC_PRIVATE, PAGE, 0600);
	char *p = attach(id, NULL, SHM_RDONLY);

	EQ(p[0], 0);
	ERR(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
	EQ(shmdt(p), 0);
	p = attach(id, NULL, SHM_EXEC);
	p[0] = (char)0xc3;
	((void (*)(void))p)();
	EQ(shmdt(p), 0);
	EQ(shmctl(id, IPC_RMID, NULL), 0);
}

GTEST(shm_rights, "do owner, group and others get what the mode says?")
{
	int id = shmget(KEY, PAGE, IPC_CREAT | 0640), w;
	struct shmid_ds ds;
	pid_t pid;

	w = shmget(KEY + 1, PAGE, IPC_CREAT | 0602);
	EQ(shmctl(id, IPC_STAT, &ds), 0);
	if ((pid = fork()) == 0) {
		EQ(setgid(1000), 0);
		EQ(setuid(1000), 0);
		ERR(shmget(KEY, 0, 0600), EACCES);
		EQ(shmget(KEY, 0, 0), id);
		ERR(shmat(id, NULL, 0), EACCES);
		ERR(shmat(id, NULL, SHM_RDONLY), EACCES);
		ERR(shmat(w, NULL, SHM_RDONLY), EACCES);
		ERR(shmat(w, NULL, 0), EACCES);
		ERR(shmctl(id, IPC_STAT, &ds), EACCES);
		ERR(shmctl(id, IPC_RMID, NULL), EPERM);
		ERR(shmctl(id, IPC_SET, &ds), EPERM);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	ds.shm_perm.uid = 1000;
	ds.shm_perm.mode = 0400;
	EQ(shmctl(id, IPC_SET, &ds), 0);
	if ((pid = fork()) == 0) {
		EQ(setuid(1000), 0);
		ERR(shmat(id, NULL, 0), EACCES);
		CHECK(shmat(id, NULL, SHM_RDONLY) != (void *)-1);
		EQ(shmctl(id, IPC_STAT, &ds), 0);
		EQ(ds.shm_perm.uid, 1000);
		EQ(ds.shm_perm.cuid, 0);
		EQ(shmctl(id, IPC_RMID, NULL), 0);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(shmctl(w, IPC_RMID, NULL), 0);
}

GTEST(shm_info, "do the limits, the totals and the slots show segments?")
{
	struct shminfo si;
	struct shm_info info;
	struct shmid_ds ds;
	int id = shmget(IPC_PRIVATE, 3 * PAGE, 0600), top, found = -1;
	char *p = attach(id, NULL, 0);

	p[0] = 1;
	p[PAGE] = 1;
	top = shmctl(0, IPC_INFO, (struct shmid_ds *)&si);
	CHECK(top >= 0);
	EQ(si.shmmin, 1);
	EQ(si.shmmni, 4096);
	EQ(si.shmseg, 4096);
	CHECK(si.shmmax == ULONG_MAX - (1UL << 24));
	CHECK(si.shmall == ULONG_MAX - (1UL << 24));
	EQ(shmctl(0, SHM_INFO, (struct shmid_ds *)&info), top);
	CHECK(info.used_ids >= 1 && info.shm_tot >= 3 && info.shm_rss >= 2);
	for (int i = 0; i <= top; i++)
		if (shmctl(i, SHM_STAT, &ds) == id)
			found = i;
	CHECK(found >= 0);
	EQ(ds.shm_segsz, 3 * PAGE);
	EQ(shmctl(found, SHM_STAT_ANY, &ds), id);
	EQ(shmctl(id, SHM_LOCK, NULL), 0);
	EQ(shmctl(id, IPC_STAT, &ds), 0);
	CHECK((ds.shm_perm.mode & SHM_LOCKED) != 0);
	EQ(shmctl(id, SHM_UNLOCK, NULL), 0);
	EQ(shmctl(id, IPC_RMID, NULL), 0);
	EQ(shmdt(p), 0);
}

GTEST(shm_errors, "are wrong sizes, ids, commands and pointers refused?")
{
	struct shmid_ds ds;
	int id = shmget(KEY, PAGE, IPC_CREAT | 0600);

	ERR(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
	ERR(shmget(IPC_PRIVATE, ULONG_MAX, 0600), EINVAL);
	ERR(shmget(KEY, PAGE + 1, 0), EINVAL);
	ERR(shmget(KEY + 7, PAGE, 0), ENOENT);
	ERR(shmat(-1, NULL, 0), EINVAL);
	ERR(shmat(id + 1, NULL, 0), EINVAL);
	ERR(shmdt((void *)0x10000), EINVAL);
	ERR(shmctl(-1, IPC_STAT, &ds), EINVAL);
	ERR(shmctl(id, 99, &ds), EINVAL);
	ERR(shmctl(id, IPC_STAT, (void *)8), EFAULT);
	ERR(shmctl(id, IPC_SET, (void *)8), EFAULT);
	EQ(shmctl(id, IPC_RMID, NULL), 0);
}

GTEST(shm_ids, "does a removed id never name the next segment?")
{
	int id[20], again;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 20; i++) {
			id[i] = shmget(IPC_PRIVATE, PAGE, 0600);
			CHECK(id[i] >= 0);
			for (int k = 0; k < i; k++)
				CHECK(id[k] != id[i]);
		}
		for (int i = 0; i < 20; i++)
			EQ(shmctl(id[i], IPC_RMID, NULL), 0);
	}
	again = shmget(IPC_PRIVATE, PAGE, 0600);
	for (int i = 0; i < 20; i++)
		CHECK(again != id[i]);
	EQ(shmctl(again, IPC_RMID, NULL), 0);
}

/* --- semaphores ---------------------------------------------------------------- */

static int
sem1(int id, int num, int op, int flags)
{
	struct sembuf sb = {(unsigned short)num, (short)op, (short)flags};

	return (semop(id, &sb, 1));
}

static int
getval(int id, int num)
{
	return (semctl(id, num, GETVAL));
}

static void
setval(int id, int num, int value)
{
	EQ(semctl(id, num, SETVAL, (union semun){.val = value}), 0);
}

/* Wait until somebody waits for num to grow (or for zero). */
static void
await_waiter(int id, int num, int cmd, int n)
{
	while (semctl(id, num, cmd) != n)
		nap();
}

GTEST(sem_basic, "do operations, values and pids come out right?")
{
	int id = semget(IPC_PRIVATE, 3, 0600);
	unsigned short all[3] = {5, 6, 7}, out[3];
	struct sembuf two[2] = {{0, -1, 0}, {1, 2, 0}};
	struct semid_ds ds;

	CHECK(id >= 0);
	EQ(getval(id, 0), 0);
	EQ(semctl(id, 0, GETPID), 0);
	EQ(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}), 0);
	EQ(ds.sem_nsems, 3);
	EQ(ds.sem_otime, 0);
	EQ(semctl(id, 0, SETALL, (union semun){.array = all}), 0);
	EQ(getval(id, 1), 6);
	EQ(semop(id, two, 2), 0);
	EQ(semctl(id, 0, GETALL, (union semun){.array = out}), 0);
	EQ(out[0], 4);
	EQ(out[1], 8);
	EQ(out[2], 7);
	EQ(semctl(id, 0, GETPID), getpid());
	EQ(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}), 0);
	CHECK(ds.sem_otime != 0);
	ERR(sem1(id, 0, -5, IPC_NOWAIT), EAGAIN);
	ERR(sem1(id, 0, 0, IPC_NOWAIT), EAGAIN);
	setval(id, 0, 0);
	EQ(sem1(id, 0, 0, 0), 0);
	EQ(semctl(id, 0, IPC_RMID), 0);
	ERR(getval(id, 0), EINVAL);
}

GTEST(sem_atomic, "does a row of operations happen all or not at all?")
{
	int id = semget(IPC_PRIVATE, 2, 0600);
	struct sembuf ops[2] = {{0, 1, 0}, {1, -1, IPC_NOWAIT}};
	struct sembuf twice[3] = {{0, 2, 0}, {0, -1, 0}, {0, -1, 0}};

	ERR(semop(id, ops, 2), EAGAIN);
	EQ(getval(id, 0), 0);
	EQ(semop(id, twice, 3), 0); /* in order: it can go */
	EQ(getval(id, 0), 0);
	setval(id, 0, 32767);
	setval(id, 1, 5);
	ops[1].sem_op = 0;
	ERR(sem1(id, 0, 1, 0), ERANGE);
	ops[0] = (struct sembuf){1, -5, 0};
	ops[1] = (struct sembuf){0, 1, 0};
	ERR(semop(id, ops, 2), ERANGE);
	EQ(getval(id, 1), 5);
	EQ(semctl(id, 0, IPC_RMID), 0);
}

GTEST(sem_wait, "do waiters go on when they can, and show while they wait?")
{
	int id = semget(IPC_PRIVATE, 2, 0600);
	struct sembuf both[2] = {{0, -1, 0}, {1, -1, 0}};
	pid_t a, b;

	if ((a = fork()) == 0)
		_exit(semop(id, both, 2) != 0);
	await_waiter(id, 0, GETNCNT, 1);
	EQ(semctl(id, 1, GETNCNT), 0);
	setval(id, 0, 1); /* now it waits for the other */
	await_waiter(id, 1, GETNCNT, 1);
	EQ(semctl(id, 0, GETNCNT), 0);
	EQ(getval(id, 0), 1);
	if ((b = fork()) == 0)
		_exit(sem1(id, 0, 0, 0) != 0);
	await_waiter(id, 0, GETZCNT, 1);
	EQ(sem1(id, 1, 1, 0), 0);
	EQ(reap(a), 0);
	EQ(reap(b), 0);
	EQ(getval(id, 0), 0);
	EQ(getval(id, 1), 0);
	EQ(semctl(id, 0, GETPID), b);
	EQ(semctl(id, 0, IPC_RMID), 0);
}

GTEST(sem_removed, "do waiters of a removed set get EIDRM?")
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	pid_t pid;

	if ((pid = fork()) == 0) {
		ERR(sem1(id, 0, -1, SEM_UNDO), EIDRM);
		_exit(gtest_failures);
	}
	await_waiter(id, 0, GETNCNT, 1);
	EQ(semctl(id, 0, IPC_RMID), 0);
	EQ(reap(pid), 0);
}

static void
on_alarm(int sig)
{
}

GTEST(sem_signal, "does a handler end semop, even with SA_RESTART?")
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	pid_t pid;

	if ((pid = fork()) == 0) {
		sigaction(SIGUSR1, &sa, NULL);
		ERR(sem1(id, 0, -1, 0), EINTR);
		_exit(gtest_failures);
	}
	await_waiter(id, 0, GETNCNT, 1);
	kill(pid, SIGUSR1);
	EQ(reap(pid), 0);
	EQ(semctl(id, 0, GETNCNT), 0);
	EQ(semctl(id, 0, IPC_RMID), 0);
}

GTEST(sem_timeout, "does semtimedop give up after its time?")
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	struct sembuf sb = {0, -1, 0};
	struct timespec ts = {0, 20 * 1000000}, t0, t1;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	ERR(semtimedop(id, &sb, 1, &ts), EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	CHECK((t1.tv_sec - t0.tv_sec) * 1000000000L + t1.tv_nsec - t0.tv_nsec >=
	    20 * 1000000);
	ts.tv_nsec = 0;
	ERR(semtimedop(id, &sb, 1, &ts), EAGAIN);
	ts.tv_nsec = -1;
	ERR(semtimedop(id, &sb, 1, &ts), EINVAL);
	ts = (struct timespec){1000, 0};
	sb.sem_op = 1;
	EQ(semtimedop(id, &sb, 1, &ts), 0);
	EQ(semtimedop(id, &sb, 1, NULL), 0);
	EQ(semctl(id, 0, IPC_RMID), 0);
}

GTEST(sem_undo, "are operations with SEM_UNDO undone when the process ends?")
{
	int id = semget(IPC_PRIVATE, 3, 0600);
	struct sembuf ops[3] = {{0, -3, SEM_UNDO}, {1, 4, SEM_UNDO}, {2, 1, 0}};
	pid_t pid;

	setval(id, 0, 5);
	if ((pid = fork()) == 0) {
		EQ(semop(id, ops, 3), 0);
		EQ(getval(id, 0), 2);
		EQ(sem1(id, 0, 1, SEM_UNDO), 0);
		if (fork() == 0)
			_exit(0); /* a child does not inherit it */
		wait(NULL);
		EQ(getval(id, 1), 4);
		kill(getpid(), SIGKILL);
	}
	reap(pid);
	EQ(getval(id, 0), 5);
	EQ(getval(id, 1), 0);
	EQ(getval(id, 2), 1);
	EQ(semctl(id, 0, GETPID), pid);
	EQ(semctl(id, 0, IPC_RMID), 0);
}

GTEST(sem_undo_wakes, "does an undo wake who waits, and stop at the limits?")
{
	int id = semget(IPC_PRIVATE, 2, 0600), p[2];
	char c;
	pid_t holder, waiter;

	pipe(p);
	setval(id, 0, 1);
	setval(id, 1, 10);
	if ((holder = fork()) == 0) {
		EQ(sem1(id, 0, -1, SEM_UNDO), 0);
		EQ(sem1(id, 1, 10, SEM_UNDO), 0);
		write(p[1], "x", 1);
		pause();
	}
	read(p[0], &c, 1);
	if ((waiter = fork()) == 0)
		_exit(sem1(id, 0, -1, 0) != 0);
	await_waiter(id, 0, GETNCNT, 1);
	EQ(sem1(id, 1, -15, 0), 0); /* the undo of 10 finds 5: to zero */
	kill(holder, SIGKILL);
	reap(holder);
	EQ(reap(waiter), 0);
	EQ(getval(id, 0), 0);
	EQ(getval(id, 1), 0);
	EQ(semctl(id, 0, IPC_RMID), 0);
}

GTEST(sem_setval_forgets, "does SETVAL forget what was to be undone?")
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	pid_t pid;

	setval(id, 0, 5);
	if ((pid = fork()) == 0) {
		EQ(sem1(id, 0, -2, SEM_UNDO), 0);
		setval(id, 0, 9);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(getval(id, 0), 9);
	EQ(semctl(id, 0, IPC_RMID), 0);
}

GTEST(sem_order, "are waiters served in the order they came, by rounds?")
{
	int id = semget(IPC_PRIVATE, 2, 0600), status;
	pid_t pid[8];

	for (int i = 0; i < 8; i++) {
		if ((pid[i] = fork()) == 0)
			_exit(sem1(id, 0, -1, 0) != 0);
		await_waiter(id, 0, GETNCNT, i + 1);
	}
	for (int i = 0; i < 8; i++) {
		EQ(sem1(id, 0, 1, 0), 0);
		EQ(wait(&status), pid[i]);
	}
	EQ(semctl(id, 0, IPC_RMID), 0);
}

GTEST(sem_errors, "are wrong numbers, values and pointers refused?")
{
	int id = semget(KEY, 2, IPC_CREAT | 0600);
	struct sembuf sb[501];
	struct semid_ds ds;
	pid_t pid;

	memset(sb, 0, sizeof(sb));
	ERR(semget(IPC_PRIVATE, 0, 0600), EINVAL);
	ERR(semget(IPC_PRIVATE, -1, 0600), EINVAL);
	ERR(semget(IPC_PRIVATE, 32001, 0600), EINVAL);
	ERR(semget(KEY, 3, 0), EINVAL);
	ERR(semget(KEY, 1, IPC_CREAT | IPC_EXCL), EEXIST);
	EQ(semget(KEY, 0, 0), id);
	ERR(semop(id, sb, 0), EINVAL);
	ERR(semop(id, sb, 501), E2BIG);
	EQ(semop(id, sb, 500), 0);
	ERR(sem1(id, 2, 1, 0), EFBIG);
	ERR(semop(-1, sb, 1), EINVAL);
	ERR(semop(id, (void *)8, 1), EFAULT);
	ERR(semctl(id, 2, GETVAL), EINVAL);
	ERR(semctl(id, -1, GETVAL), EINVAL);
	ERR(semctl(id, 0, SETVAL, (union semun){.val = -1}), ERANGE);
	ERR(semctl(id, 0, SETVAL, (union semun){.val = 32768}), ERANGE);
	ERR(semctl(id, 0, 99), EINVAL);
	ERR(semctl(id, 0, GETALL, (union semun){.array = (void *)8}), EFAULT);
	if ((pid = fork()) == 0) {
		EQ(setuid(1000), 0);
		ERR(sem1(id, 0, 1, 0), EACCES);
		ERR(semctl(id, 0, GETVAL), EACCES);
		ERR(semctl(id, 0, IPC_RMID), EPERM);
		ERR(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}), EACCES);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(semctl(id, 0, IPC_RMID), 0);
}

GTEST(sem_info, "do the limits and totals of semaphores come out as Linux's?")
{
	struct seminfo si;
	int id = semget(IPC_PRIVATE, 7, 0600), top;

	top = semctl(0, 0, IPC_INFO, (union semun){.info = &si});
	CHECK(top >= 0);
	EQ(si.semmsl, 32000);
	EQ(si.semmns, 1024000000);
	EQ(si.semopm, 500);
	EQ(si.semmni, 32000);
	EQ(si.semvmx, 32767);
	EQ(semctl(0, 0, SEM_INFO, (union semun){.info = &si}), top);
	CHECK(si.semusz >= 1 && si.semaem >= 7);
	EQ(semctl(id, 0, IPC_RMID), 0);
}

GTEST(sem_contend, "do four processes that fight for a semaphore lose nothing?")
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	long *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid[4];

	setval(id, 0, 1);
	for (int i = 0; i < 4; i++)
		if ((pid[i] = fork()) == 0) {
			for (int k = 0; k < 300; k++) {
				long v;

				sem1(id, 0, -1, SEM_UNDO);
				v = *(volatile long *)shared;
				if (k % 16 == 0)
					sched_yield();
				*(volatile long *)shared = v + 1;
				sem1(id, 0, 1, SEM_UNDO);
			}
			_exit(0);
		}
	for (int i = 0; i < 4; i++)
		EQ(reap(pid[i]), 0);
	EQ(*shared, 1200);
	EQ(getval(id, 0), 1);
	EQ(semctl(id, 0, IPC_RMID), 0);
}

/* --- messages -------------------------------------------------------------------- */

struct msg {
	long type;
	char text[9000];
};

static int
send(int q, long type, const char *text, int flags)
{
	struct msg m = {.type = type};

	memcpy(m.text, text, strlen(text));
	return (msgsnd(q, &m, strlen(text), flags));
}

/* The text received, with its type in *type. */
static const char *
receive(int q, long *type, int flags)
{
	static struct msg m;
	ssize_t n = msgrcv(q, &m, 8192, *type, flags);

	if (n < 0)
		return ("");
	m.text[n] = '\0';
	*type = m.type;
	return (m.text);
}

#define RECEIVED(q, want, flags, wanttype, wanttext)                           \
	do {                                                                   \
		long _t = (want);                                              \
		const char *_s = receive((q), &_t, (flags));                   \
		if (_t != (wanttype) || strcmp(_s, (wanttext)) != 0)           \
			FAIL("got %ld \"%s\" (errno %d)", _t, _s, errno);      \
	} while (0)

GTEST(msg_types, "do messages come by type as msgrcv(2) says?")
{
	int q = msgget(IPC_PRIVATE, 0600);
	struct msqid_ds ds;

	CHECK(q >= 0);
	EQ(send(q, 3, "three", 0), 0);
	EQ(send(q, 1, "one", 0), 0);
	EQ(send(q, 2, "two", 0), 0);
	EQ(send(q, 1, "uno", 0), 0);
	EQ(send(q, 5, "", 0), 0);
	EQ(msgctl(q, IPC_STAT, &ds), 0);
	EQ(ds.msg_qnum, 5);
	EQ(ds.__msg_cbytes, 14);
	EQ(ds.msg_lspid, getpid());
	EQ(ds.msg_lrpid, 0);
	EQ(ds.msg_qbytes, 16384);
	RECEIVED(q, 2, 0, 2, "two");
	RECEIVED(q, -2, 0, 1, "one");
	RECEIVED(q, -4, 0, 1, "uno");
	RECEIVED(q, 3, MSG_EXCEPT, 5, "");
	ERR(msgrcv(q, &ds, 0, 9, IPC_NOWAIT), ENOMSG);
	RECEIVED(q, 0, 0, 3, "three");
	ERR(msgrcv(q, &ds, 0, 0, IPC_NOWAIT), ENOMSG);
	EQ(msgctl(q, IPC_STAT, &ds), 0);
	EQ(ds.msg_qnum, 0);
	EQ(ds.msg_lrpid, getpid());
	EQ(msgctl(q, IPC_RMID, NULL), 0);
}

GTEST(msg_size, "are long messages refused, cut or left as asked?")
{
	int q = msgget(IPC_PRIVATE, 0600);
	struct msg m = {.type = 1};

	ERR(msgsnd(q, &m, 8193, 0), EINVAL);
	EQ(msgsnd(q, &m, 8192, 0), 0);
	ERR(msgrcv(q, &m, 8191, 0, 0), E2BIG);
	EQ(msgrcv(q, &m, 10, 0, MSG_NOERROR), 10);
	ERR(msgrcv(q, &m, 8192, 0, IPC_NOWAIT), ENOMSG);
	m.type = 0;
	ERR(msgsnd(q, &m, 1, 0), EINVAL);
	m.type = -1;
	ERR(msgsnd(q, &m, 1, 0), EINVAL);
	ERR(msgsnd(q, (void *)8, 1, 0), EFAULT);
	ERR(msgsnd(-1, &m, 1, 0), EINVAL);
	ERR(msgrcv(q + 1, &m, 1, 0, 0), EINVAL);
	ERR(msgrcv(q, &m, (size_t)-1, 0, 0), EINVAL);
	EQ(msgctl(q, IPC_RMID, NULL), 0);
}

GTEST(msg_copy, "does MSG_COPY leave the message, or is it refused?")
{
	int q = msgget(IPC_PRIVATE, 0600);
	struct msg m;
	ssize_t n;

	EQ(send(q, 4, "four", 0), 0);
	EQ(send(q, 5, "five5", 0), 0);
	n = msgrcv(q, &m, 100, 1, MSG_COPY | IPC_NOWAIT);
	if (n == -1 && errno == ENOSYS) /* a Linux built without it */
		return;
	EQ(n, 5);
	EQ(m.type, 5);
	ERR(msgrcv(q, &m, 100, 2, MSG_COPY | IPC_NOWAIT), ENOMSG);
	ERR(msgrcv(q, &m, 100, 0, MSG_COPY), EINVAL);
	RECEIVED(q, 0, 0, 4, "four");
	EQ(msgctl(q, IPC_RMID, NULL), 0);
}

GTEST(msg_full, "does a sender wait for room, or get EAGAIN?")
{
	int q = msgget(IPC_PRIVATE, 0600);
	struct msqid_ds ds;
	struct msg m = {.type = 1};
	pid_t pid;

	EQ(msgctl(q, IPC_STAT, &ds), 0);
	ds.msg_qbytes = 100;
	EQ(msgctl(q, IPC_SET, &ds), 0);
	EQ(msgsnd(q, &m, 60, 0), 0);
	ERR(msgsnd(q, &m, 60, IPC_NOWAIT), EAGAIN);
	if ((pid = fork()) == 0)
		_exit(msgsnd(q, &m, 60, 0) != 0);
	nap();
	EQ(msgrcv(q, &m, 100, 0, 0), 60);
	EQ(reap(pid), 0);
	EQ(msgctl(q, IPC_STAT, &ds), 0);
	EQ(ds.msg_qnum, 1);
	EQ(ds.msg_lspid, pid);
	/* messages without bytes are counted, too */
	EQ(msgrcv(q, &m, 100, 0, 0), 60);
	for (int i = 0; i < 100; i++)
		EQ(msgsnd(q, &m, 0, IPC_NOWAIT), 0);
	ERR(msgsnd(q, &m, 0, IPC_NOWAIT), EAGAIN);
	if ((pid = fork()) == 0) {
		EQ(setuid(1000), 0);
		ERR(msgctl(q, IPC_SET, &ds), EPERM);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(msgctl(q, IPC_RMID, NULL), 0);
}

GTEST(msg_removed, "do sleepers on a removed queue get EIDRM?")
{
	int q = msgget(IPC_PRIVATE, 0600), p[2];
	struct msg m = {.type = 1};
	pid_t r, s;
	char c;

	pipe(p);
	EQ(send(q, 1, "fill", 0), 0);
	for (int i = 0; i < 4; i++)
		EQ(msgsnd(q, &m, i < 2 ? 8000 : 100, i < 2 ? 0 : 0), 0);
	if ((r = fork()) == 0) {
		write(p[1], "r", 1);
		ERR(msgrcv(q, &m, 100, 7, 0), EIDRM);
		_exit(gtest_failures);
	}
	if ((s = fork()) == 0) {
		write(p[1], "s", 1);
		ERR(msgsnd(q, &m, 8000, 0), EIDRM);
		_exit(gtest_failures);
	}
	read(p[0], &c, 1);
	read(p[0], &c, 1);
	usleep(50000); /* asleep by now; if not, the errno is another */
	EQ(msgctl(q, IPC_RMID, NULL), 0);
	for (int i = 0; i < 2; i++) {
		int status;

		CHECK(wait(&status) > 0);
		(void)status;
	}
}

GTEST(msg_signal, "does a handler end msgrcv, even with SA_RESTART?")
{
	int q = msgget(IPC_PRIVATE, 0600);
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval it = {{0, 5000}, {0, 5000}};
	struct msg m;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	ERR(msgrcv(q, &m, 100, 0, 0), EINTR);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	EQ(msgctl(q, IPC_RMID, NULL), 0);
}

GTEST(msg_key, "do keys, rights and the limits of queues work?")
{
	int q = msgget(KEY, IPC_CREAT | IPC_EXCL | 0600), top;
	struct msginfo mi;
	struct msqid_ds ds;
	struct msg m;
	pid_t pid;

	EQ(msgget(KEY, 0), q);
	ERR(msgget(KEY, IPC_CREAT | IPC_EXCL), EEXIST);
	ERR(msgget(KEY + 1, 0), ENOENT);
	if ((pid = fork()) == 0) {
		EQ(setuid(1000), 0);
		ERR(msgget(KEY, 0600), EACCES);
		ERR(send(q, 1, "x", 0), EACCES);
		ERR(msgrcv(q, &m, 1, 0, IPC_NOWAIT), EACCES);
		ERR(msgctl(q, IPC_STAT, &ds), EACCES);
		ERR(msgctl(q, IPC_RMID, NULL), EPERM);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(send(q, 1, "text", 0), 0);
	top = msgctl(0, IPC_INFO, (struct msqid_ds *)&mi);
	CHECK(top >= 0);
	EQ(mi.msgmax, 8192);
	EQ(mi.msgmnb, 16384);
	EQ(mi.msgmni, 32000);
	EQ(msgctl(0, MSG_INFO, (struct msqid_ds *)&mi), top);
	CHECK(mi.msgpool >= 1 && mi.msgmap >= 1 && mi.msgtql >= 4);
	EQ(msgctl(q, IPC_RMID, NULL), 0);
}

GTEST(msg_flood, "do thousands of messages between two arrive in order?")
{
	int q = msgget(IPC_PRIVATE, 0600);
	struct {
		long type;
		int n;
	} m;
	pid_t pid;

	if ((pid = fork()) == 0) {
		for (int i = 0; i < 5000; i++) {
			m.type = 1 + i % 3;
			m.n = i;
			if (msgsnd(q, &m, sizeof(m.n), 0) != 0)
				_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < 5000; i++) {
		EQ(msgrcv(q, &m, sizeof(m.n), 0, 0), sizeof(m.n));
		EQ(m.n, i);
	}
	EQ(reap(pid), 0);
	EQ(msgctl(q, IPC_RMID, NULL), 0);
}

/* --- what /proc says ---------------------------------------------------------------- */

/* A line of the file that begins with this key and id. */
static bool
proc_has(const char *file, int key, int id, char line[512])
{
	FILE *f = fopen(file, "r");
	int k, i, n = 0;
	bool found = false;

	if (f == NULL)
		return (false);
	while (!found && fgets(line, 512, f) != NULL)
		found = n++ > 0 && sscanf(line, "%d %d", &k, &i) == 2 &&
		    k == key && i == id;
	fclose(f);
	return (found);
}

GTEST(proc_tables, "does /proc/sysvipc list objects in the columns of Linux?")
{
	int m = shmget(KEY, 12345, IPC_CREAT | 0640);
	int s = semget(KEY, 4, IPC_CREAT | 0600);
	int q = msgget(KEY, IPC_CREAT | 0600);
	unsigned long size = 0, n = 0, bytes = 0;
	unsigned mode = 0;
	char line[512];

	send(q, 1, "seven77", 0);
	CHECK(proc_has("/proc/sysvipc/shm", KEY, m, line));
	EQ(sscanf(line, "%*d %*d %o %lu %*u %*u %lu", &mode, &size, &n), 3);
	EQ(mode, 0640);
	EQ(size, 12345);
	EQ(n, 0);
	CHECK(proc_has("/proc/sysvipc/sem", KEY, s, line));
	EQ(sscanf(line, "%*d %*d %o %lu", &mode, &n), 2);
	EQ(n, 4);
	CHECK(proc_has("/proc/sysvipc/msg", KEY, q, line));
	EQ(sscanf(line, "%*d %*d %o %lu %lu", &mode, &bytes, &n), 3);
	EQ(bytes, 7);
	EQ(n, 1);
	EQ(shmctl(m, IPC_RMID, NULL), 0);
	EQ(semctl(s, 0, IPC_RMID), 0);
	EQ(msgctl(q, IPC_RMID, NULL), 0);
	CHECK(!proc_has("/proc/sysvipc/shm", KEY, m, line));
}

static void
proc_text(const char *file, char *buf, size_t size)
{
	FILE *f = fopen(file, "r");

	buf[0] = '\0';
	if (f == NULL)
		return;
	fgets(buf, (int)size, f);
	fclose(f);
}

static int
proc_put(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");
	int error;

	if (f == NULL)
		return (-1);
	setvbuf(f, NULL, _IONBF, 0);
	error = fputs(text, f) < 0 ? -1 : 0;
	fclose(f);
	return (error);
}

GTEST(proc_limits, "do the files in /proc/sys/kernel show and set limits?")
{
	char buf[128];
	struct msqid_ds ds;
	int q;

	proc_text("/proc/sys/kernel/shmmax", buf, sizeof(buf));
	CHECK(strcmp(buf, "18446744073692774399\n") == 0);
	proc_text("/proc/sys/kernel/sem", buf, sizeof(buf));
	CHECK(strcmp(buf, "32000\t1024000000\t500\t32000\n") == 0);
	EQ(proc_put("/proc/sys/kernel/msgmnb", "4096\n"), 0);
	q = msgget(IPC_PRIVATE, 0600);
	EQ(msgctl(q, IPC_STAT, &ds), 0);
	EQ(ds.msg_qbytes, 4096);
	EQ(msgctl(q, IPC_RMID, NULL), 0);
	EQ(proc_put("/proc/sys/kernel/msgmnb", "16384\n"), 0);
	EQ(proc_put("/proc/sys/kernel/shmmax", "8192\n"), 0);
	ERR(shmget(IPC_PRIVATE, 8193, 0600), EINVAL);
	EQ(proc_put("/proc/sys/kernel/shmmax", "18446744073692774399\n"), 0);
	EQ(proc_put("/proc/sys/kernel/sem", "10 100 5 2\n"), 0);
	ERR(semget(IPC_PRIVATE, 11, 0600), EINVAL);
	EQ(proc_put("/proc/sys/kernel/sem", "32000 1024000000 500 32000\n"), 0);
	EQ(proc_put("/proc/sys/kernel/shmmni", "1\n"), 0);
	q = shmget(IPC_PRIVATE, 1, 0600);
	ERR(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
	EQ(shmctl(q, IPC_RMID, NULL), 0);
	EQ(proc_put("/proc/sys/kernel/shmmni", "4096\n"), 0);
}
