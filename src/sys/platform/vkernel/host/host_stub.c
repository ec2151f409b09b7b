/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making and ending stubs.
 *
 * CPU threads queue spawn requests and signal the main thread, which forks
 * and executes the embedded stub from a memfd (nothing lies on disk).  A stub
 * has a session of its own, no descriptor but guest RAM as 3 and the shared segment, read-only, as 4, no address
 * randomisation, and dies with the main thread.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "host.h"
#include "host_var.h"

#define STUB_FD	      3
#define STUB_KSHM_FD  4
#define PIDS_MAX      65536
#define IMAGE_FD      110
#define IMAGE_FD_TEXT "110"

extern const unsigned char stub_image[], stub_image_end[];

static int image_fd;
static pid_t vkernel_pid;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct host_spawn *queue, **queue_tail = &queue; /* (lock) */
static int *pids;					/* (lock) live stubs */
static int npids;

void
host_stubs_init(void)
{
	size_t len = (uintptr_t)stub_image_end - (uintptr_t)stub_image;

	image_fd = memfd_create("mayfly-stub", MFD_CLOEXEC);
	if (image_fd < 0 || write(image_fd, stub_image, len) != (ssize_t)len)
		host_fail("cannot prepare the stub program");
	image_fd = dup3(image_fd, IMAGE_FD, O_CLOEXEC);
	pids = calloc(PIDS_MAX, sizeof(*pids));
	vkernel_pid = getpid();
}

void
host_stubs_again(void)
{
	vkernel_pid = getpid();
}

static void
child(char *offset)
{
	char *argv[] = {"mayfly-stub", offset, NULL};
	char *envp[] = {NULL};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Who died before that line sends no signal. */
	if (getppid() != vkernel_pid)
		_exit(127);
	setsid();
	dup2(host_ram_fd, STUB_FD);
	dup2(host_kshm_fd, STUB_KSHM_FD);
	close(0);
	close(1);
	close(2);
	/* And what our caller left open to us. */
	syscall(SYS_close_range, STUB_KSHM_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	personality(ADDR_NO_RANDOMIZE);
	if (host_repeatable)
		prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
	syscall(SYS_execveat, image_fd, "", argv, envp, AT_EMPTY_PATH);
	/* valgrind follows no execveat of a nameless file. */
	execve("/proc/self/fd/" IMAGE_FD_TEXT, argv, envp);
	_exit(127);
}

static int
spawn(uint64_t control_off)
{
	char offset[24];
	pid_t pid;

	snprintf(offset, sizeof(offset), "%lx", (unsigned long)control_off);
	pid = vfork();
	if (pid == 0)
		child(offset);
	if (pid < 0)
		return (-1);
	pthread_mutex_lock(&lock);
	if (npids < PIDS_MAX)
		pids[npids++] = pid;
	pthread_mutex_unlock(&lock);
	return (pid);
}

void
host_stub_spawn(struct host_spawn *hs)
{
	hs->hs_pid = 0;
	hs->hs_next = NULL;
	pthread_mutex_lock(&lock);
	*queue_tail = hs;
	queue_tail = &hs->hs_next;
	pthread_mutex_unlock(&lock);
	pthread_kill(host_main_thread, SIGUSR1);
}

void
host_stubs_spawn_pending(void)
{
	struct host_spawn *hs;

	for (;;) {
		pthread_mutex_lock(&lock);
		if ((hs = queue) != NULL && (queue = hs->hs_next) == NULL)
			queue_tail = &queue;
		pthread_mutex_unlock(&lock);
		if (hs == NULL)
			return;
		__atomic_store_n(
		    &hs->hs_pid, spawn(hs->hs_control_off), __ATOMIC_RELEASE);
		vk_post(&hs->hs_done);
	}
}

static void
forget(int pid)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < npids; i++)
		if (pids[i] == pid) {
			pids[i] = pids[--npids];
			break;
		}
	pthread_mutex_unlock(&lock);
}

struct death {
	struct host_msg msg;
	int pid;
};

static void
tell_death(void *arg)
{
	struct death *d = arg;

	vkernel_stub_died(d->pid);
	free(d);
}

void
host_stubs_reap(void)
{
	struct death *d;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		forget(pid);
		if ((d = malloc(sizeof(*d))) == NULL)
			continue;
		d->pid = pid;
		d->msg.hm_func = tell_death;
		d->msg.hm_arg = d;
		vk_post(&d->msg);
	}
}

void
host_stubs_kill_all(void)
{
	for (int i = 0; i < npids; i++)
		kill(pids[i], SIGKILL);
}

void
host_stub_kill(int pid)
{
	bool ours = false;

	/* A reaped pid may belong to somebody else by now. */
	pthread_mutex_lock(&lock);
	for (int i = 0; i < npids && !ours; i++)
		ours = pids[i] == pid;
	if (ours)
		kill(pid, SIGKILL);
	pthread_mutex_unlock(&lock);
}

void
host_stub_kick(int pid, int tid)
{
	if (pid > 0 && tid > 0)
		(void)syscall(SYS_tgkill, pid, tid, SIGUSR2);
}

/* The first line of /proc/PID/task/TID/NAME, without its newline. */
static void
task_line(int pid, const char *tid, const char *name, char *buf, size_t size)
{
	char path[96];
	FILE *f;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/task/%s/%s", pid, tid, name);
	if ((f = fopen(path, "re")) == NULL)
		return;
	if (fgets(buf, (int)size, f) != NULL)
		buf[strcspn(buf, "\n")] = '\0';
	fclose(f);
}

void
host_stub_describe(int pid, char *buf, size_t size)
{
	char path[64], wchan[64], call[160], stat[256];
	struct dirent *de;
	size_t used = 0;
	DIR *d;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	if ((d = opendir(path)) == NULL)
		return;
	while ((de = readdir(d)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		task_line(pid, de->d_name, "wchan", wchan, sizeof(wchan));
		task_line(pid, de->d_name, "syscall", call, sizeof(call));
		task_line(pid, de->d_name, "stat", stat, sizeof(stat));
		const char *state = strrchr(stat, ')');

		used += (size_t)snprintf(buf + used, size - used,
		    "  thread %s state %.2s in %s: %s\n", de->d_name,
		    state != NULL ? state + 1 : " ?", wchan, call);
		if (used >= size)
			break;
	}
	closedir(d);
}

bool
host_stub_owns(int pid, int tid)
{
	/* Signal 0: does thread tid of process pid exist? */
	return (syscall(SYS_tgkill, pid, tid, 0) == 0);
}
