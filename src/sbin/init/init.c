/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * init: the first process.
 *
 * It makes kern.init_root the root if that is set, mounts what the kernel provides (/dev, /proc, /sys, /tmp), gives the console to a
 * session of its main child, reaps orphans, and when the main child ends stops
 * the machine with that child's exit status.  The main child is, in this order,
 *	the words of kern.init_argv (vkernel -- CMD ARGS)
 *	/bin/sh -c kern.init_cmd
 *	an interactive /bin/sh
 */
#include "start.h"
#include <sys/reboot.h>
#include <sys/fcntl.h>
#include <sys/ioccom.h>
#include <sys/native.h>
#include <sys/signal.h>
#include <sys/stat.h>

/* As in sys/tty.h, which needs kernel headers. */
#define TIOCSCTTY _IOW('t', 97, int)
#define TIOCSPGRP _IOW('t', 118, int)

#define VALUE_MAX (128 * 1024)
#define ARGS_MAX  4096
#define PATH_LEN  1024
#define ENV_MAX	  8

#define STATUS_NOEXEC  126
#define STATUS_NOTHERE 127

static char words[VALUE_MAX]; /* of kern.init_argv */
static char *child_argv[ARGS_MAX + 1];
static char term[64] = "TERM=";
static char *child_env[ENV_MAX + 1];
static int child_nenv;

static void
env_add(char *s)
{
	if (child_nenv < ENV_MAX)
		child_env[child_nenv++] = s;
}

/* A kernel variable's bytes; how many, 0 if there are none. */
static size_t
variable(const char *name, char *buf, size_t size)
{
	size_t len = size - 1;

	if (sys_sysctl_get(name, buf, &len) != 0 || len >= size)
		return (0);
	buf[len] = '\0';
	return (len);
}

/* --- mounts ------------------------------------------------------------------ */

static const struct {
	const char *type, *on;
	mode_t mode;
} mounts[] = {
    {"devfs", "/dev", 0755},
    {"tmpfs", "/dev/shm", 01777},
    {"proc", "/proc", 0555},
    {"sysfs", "/sys", 0555},
    {"tracefs", "/sys/kernel/tracing", 0750},
    {"tmpfs", "/tmp", 01777},
};

/* Is there a mount of that type on that directory? */
static bool
mounted(const char *type, const char *on)
{
	static struct statfs sf;

	return (sys_statfs(on, &sf) == 0 && strcmp(sf.f_mntonname, on) == 0 &&
	    strcmp(sf.f_fstypename, type) == 0);
}

static void
mount_all(void)
{
	for (size_t i = 0; i < nitems(mounts); i++) {
		if (mounted(mounts[i].type, mounts[i].on))
			continue;
		if (sys_mkdir(mounts[i].on, mounts[i].mode) == 0)
			sys_chmod(mounts[i].on, mounts[i].mode);
		if (sys_mount(mounts[i].type, mounts[i].on, 0, mounts[i].type,
			"") != 0) {
			err_printf("init: mount %s on %s: %s\n", mounts[i].type,
			    mounts[i].on, str_error(errno));
			continue;
		}
		if (strcmp(mounts[i].type, "tmpfs") == 0)
			sys_chmod(mounts[i].on, mounts[i].mode);
	}
}

/* --- the console ---------------------------------------------------------------- */

/* Descriptors 0, 1 and 2.  Without a console there is nobody to tell. */
static void
console_open(int flags)
{
	int fd = (int)sys_open("/dev/console", O_RDWR | flags, 0);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		if (fd != i)
			sys_dup2(fd, i);
	if (fd > 2)
		sys_close(fd);
}

/* A session of its own, with the console as its terminal. */
static void
console_take(void)
{
	int zero = 0, pid = (int)sys_getpid();

	sys_setsid();
	console_open(0);
	if (sys_ioctl(0, TIOCSCTTY, &zero) != 0)
		return; /* not a terminal: the program runs all the same */
	sys_ioctl(0, TIOCSPGRP, &pid);
}

/* --- the root ------------------------------------------------------------------ */

/*
 * Make the mounted directory kern.init_root the root, in place of the archive
 * that we came from.  What goes wrong stops the machine: to run the command in
 * another root than the one asked for would be worse.
 */
static void
root_switch(void)
{
	static char root[PATH_LEN];
	int why;

	if (variable("kern.init_root", root, sizeof(root)) <= 1)
		return;
	if (sys_chdir(root) == 0 && sys_pivot_root(".", ".") == 0 &&
	    sys_unmount(".", MOUNT_DETACH) == 0 && sys_chdir("/") == 0)
		return;
	why = errno;
	mount_all(); /* for the console */
	console_open(O_NOCTTY);
	err_printf("init: cannot make %s (init.root) the root: %s\n", root,
	    str_error(why));
	sys_reboot(RB_POWEROFF, STATUS_NOTHERE);
}

/* --- the main child ---------------------------------------------------------------- */

/* Split the words in place. */
static void
words_split(size_t len)
{
	int n = 0;

	for (size_t at = 0; at < len && n < ARGS_MAX;
	     at += strlen(words + at) + 1)
		child_argv[n++] = words + at;
	child_argv[n] = NULL;
}

static void
choose_child(void)
{
	static char sh[] = "/bin/sh", dash[] = "-sh", c[] = "-c";
	size_t len = variable("kern.init_argv", words, sizeof(words));

	if (len > 1) {
		words_split(len);
		return;
	}
	if (variable("kern.init_cmd", words, sizeof(words)) > 1) {
		child_argv[0] = sh;
		child_argv[1] = c;
		child_argv[2] = words;
		return;
	}
	child_argv[0] = dash;
}

static void
build_env(void)
{
	static char path[] = "PATH=/sbin:/usr/sbin:/bin:/usr/bin";
	static char home[] = "HOME=/", ps1[] = "PS1=mayfly:\\w\\$ ";
	static char user[] = "USER=root", shell[] = "SHELL=/bin/sh";

	env_add(path);
	env_add(home);
	env_add(ps1);
	env_add(user);
	env_add(shell);
	if (variable("kern.init_term", term + 5, sizeof(term) - 5) > 1)
		env_add(term);
}

/* execve along PATH. */
static void
exec_search(const char *name)
{
	static const char *const dirs[] = {
	    "/sbin", "/usr/sbin", "/bin", "/usr/bin"};
	char path[PATH_LEN];
	int why = ENOENT;

	if (strchr(name, '/') != NULL) {
		sys_execve(name, child_argv, child_env);
		return;
	}
	for (size_t i = 0; i < nitems(dirs); i++) {
		if (str_join(path, sizeof(path), dirs[i], "/", name) >=
		    sizeof(path))
			continue;
		sys_execve(path, child_argv, child_env);
		if (errno != ENOENT)
			why = errno;
	}
	errno = why;
}

static void
child_run(void)
{
	const char *name = child_argv[0];

	console_take();
	if (strcmp(name, "-sh") == 0)
		name = "/bin/sh";
	exec_search(name);
	err_printf("init: %s: %s\n", name, str_error(errno));
	exit(errno == ENOENT ? STATUS_NOTHERE : STATUS_NOEXEC);
}

/* The number a shell would give for this wait status. */
static int
exit_status(int status)
{
	return ((status & 0x7f) != 0 ? 128 + (status & 0x7f)
				     : (status >> 8) & 0xff);
}

/* Reap everything until the main child is gone: its status. */
/* What busybox and others ask of process 1 by a signal. */
static const struct {
	int sig, how;
} requests[] = {
    {SIGTERM, RB_REBOOT},
    {SIGUSR1, RB_HALT},
    {SIGUSR2, RB_POWEROFF},
};
static volatile int requested; /* a signal number, 0: none */

static void
on_request(int sig)
{
	requested = sig;
}

static void
take_requests(void)
{
	struct native_sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = (uint64_t)(uintptr_t)on_request;
	for (size_t i = 0; i < nitems(requests); i++)
		sys_sigaction(requests[i].sig, &sa, NULL);
}

/* How to stop the machine: as asked, or off. */
static int
stop_how(void)
{
	for (size_t i = 0; i < nitems(requests); i++)
		if (requests[i].sig == requested)
			return (requests[i].how);
	return (RB_POWEROFF);
}

static int
reap_until(int main_pid)
{
	int64_t pid;
	int status;

	for (;;) {
		if (requested != 0)
			return (0);
		status = 0;
		pid = sys_wait4(-1, &status, 0, NULL);
		if (pid == main_pid)
			return (exit_status(status));
		if (pid == -1 && errno != EINTR)
			return (STATUS_NOTHERE);
	}
}

static void
usage(int status)
{
	void (*print)(const char *fmt, ...) =
	    status == 0 ? out_printf : err_printf;

	print("usage: init\n"
	      "The first process; the kernel starts it.  See init(8).\n");
	exit(status);
}

int
main(int argc, char **argv, char **envp)
{
	int64_t pid;
	int status;

	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		usage(0);
	if (argc > 1 || sys_getpid() != 1)
		usage(2);
	sys_umask(022);
	root_switch();
	mount_all();
	console_open(O_NOCTTY);
	build_env();
	choose_child();
	take_requests();
	pid = sys_fork();
	if (pid == 0)
		child_run();
	if (pid == -1) {
		err_printf("init: fork: %s\n", str_error(errno));
		status = STATUS_NOEXEC;
	} else {
		status = reap_until((int)pid);
	}
	sys_reboot(stop_how(), status);
	err_printf("init: reboot: %s\n", str_error(errno));
	return (1);
}
