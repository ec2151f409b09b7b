/* SPDX-License-Identifier: BSD-2-Clause */
/* Capabilities, prctl, personality, sharing: what a process is allowed and says
 * of itself.  Most cases need root and say nothing without. */
#include "trace.h"
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <grp.h>

#define BIT(c) (1UL << (c))

struct caps {
	uint64_t e, p, i;
};

static struct caps
caps(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];

	memset(d, 0, sizeof(d));
	EQ(syscall(SYS_capget, &h, d), 0);
	return ((struct caps){
	    d[0].effective | (uint64_t)d[1].effective << 32,
	    d[0].permitted | (uint64_t)d[1].permitted << 32,
	    d[0].inheritable | (uint64_t)d[1].inheritable << 32,
	});
}

static long
setcaps(uint64_t e, uint64_t p, uint64_t i)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {
	    {(uint32_t)e, (uint32_t)p, (uint32_t)i},
	    {(uint32_t)(e >> 32), (uint32_t)(p >> 32), (uint32_t)(i >> 32)}};

	return (syscall(SYS_capset, &h, d));
}

/* Run func in a child of its own; its failures are ours. */
static void
in_child(void (*func)(void))
{
	pid_t pid;

	if (geteuid() != 0)
		return;
	if ((pid = fork()) == 0) {
		gtest_failures = 0;
		func();
		_exit(gtest_failures != 0);
	}
	EQ(status_of(pid), 0);
}

static void
do_setuid(void)
{
	CHECK(caps().e != 0);
	EQ(setuid(1000), 0);
	EQ(caps().e, 0);
	EQ(caps().p, 0);
	ERR(setuid(0), EPERM);
	ERR(setgroups(0, NULL), EPERM);
}

static void
do_seteuid(void)
{
	uint64_t all = caps().p;

	EQ(seteuid(1000), 0);
	EQ(caps().e, 0);
	EQ(caps().p, all);
	EQ(seteuid(0), 0);
	EQ(caps().e, all);
}

static void
do_keepcaps(void)
{
	EQ(prctl(PR_GET_KEEPCAPS), 0);
	ERR(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
	EQ(prctl(PR_SET_KEEPCAPS, 1), 0);
	EQ(prctl(PR_GET_KEEPCAPS), 1);
	EQ(setuid(1000), 0);
	EQ(caps().e, 0);
	CHECK(caps().p != 0);
	EQ(setcaps(BIT(CAP_KILL), caps().p, 0), 0);
	EQ(kill(getppid(), 0), 0);
	ERR(sethostname("x", 1), EPERM);
}

GTEST(ids, "do the sets follow the user's id?")
{
	in_child(do_setuid);
	in_child(do_seteuid);
	in_child(do_keepcaps);
}

static void
do_no_fixup(void)
{
	EQ(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP), 0);
	EQ(prctl(PR_GET_SECUREBITS), SECBIT_NO_SETUID_FIXUP);
	EQ(setresuid(1000, 1000, 1000), 0);
	CHECK(caps().e != 0);
	EQ(prctl(PR_SET_SECUREBITS,
	       SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED),
	    0);
	ERR(prctl(PR_SET_SECUREBITS, 0), EPERM);
	ERR(prctl(PR_SET_SECUREBITS, 0x1000), EPERM);
	EQ(setcaps(0, 0, 0), 0);
	ERR(prctl(PR_SET_SECUREBITS, 0xd), EPERM);
}

GTEST(securebits, "can that be switched off, and locked?")
{
	in_child(do_no_fixup);
}

static void
do_capset(void)
{
	uint64_t all = caps().p;

	EQ(setcaps(BIT(CAP_CHOWN), BIT(CAP_CHOWN) | BIT(CAP_KILL), 0), 0);
	EQ(caps().e, BIT(CAP_CHOWN));
	ERR(setcaps(0, all, 0), EPERM);
	ERR(setcaps(BIT(CAP_KILL), BIT(CAP_CHOWN), 0), EPERM);
	ERR(sethostname("x", 1), EPERM);
	ERR(setuid(1000), EPERM); /* root in name only */
	ERR(mknod("/tmp/h_caps", S_IFCHR | 0600, 0x103), EPERM);
	ERR(prctl(PR_CAPBSET_DROP, CAP_KILL), EPERM);
}

GTEST(capset, "is root without capabilities like anybody?")
{
	in_child(do_capset);
}

static void
do_files(void)
{
	int fd;

	unlink("/tmp/h_caps");
	fd = open("/tmp/h_caps", O_CREAT | O_RDWR, 0600);
	close(fd);
	EQ(chown("/tmp/h_caps", 1234, 1234), 0);
	EQ(setcaps(BIT(CAP_DAC_READ_SEARCH), BIT(CAP_DAC_READ_SEARCH), 0), 0);
	CHECK((fd = open("/tmp/h_caps", O_RDONLY)) >= 0);
	close(fd);
	ERR(open("/tmp/h_caps", O_WRONLY), EACCES);
	ERR(chmod("/tmp/h_caps", 0666), EPERM);
	ERR(chown("/tmp/h_caps", 0, 0), EPERM);
	EQ(setcaps(0, 0, 0), 0);
	ERR(open("/tmp/h_caps", O_RDONLY), EACCES);
}

GTEST(files, "do files go by capabilities, too?")
{
	in_child(do_files);
	unlink("/tmp/h_caps");
}

static void
do_fsuid(void)
{
	uint64_t e = caps().e;

	setfsuid(1000);
	EQ(caps().e & BIT(CAP_DAC_OVERRIDE), 0);
	CHECK((caps().e & BIT(CAP_KILL)) != 0);
	setfsuid(0);
	EQ(caps().e, e);
}

GTEST(fsuid, "do only those about files follow the file system's id?")
{
	in_child(do_fsuid);
}

static void
do_ambient(void)
{
	uint64_t all = caps().p;

	ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0), EPERM);
	EQ(setcaps(all, all, BIT(CAP_KILL)), 0);
	EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0), 0);
	EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0), 1);
	EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0), 0);
	ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0), EINVAL);
	ERR(prctl(PR_CAP_AMBIENT, 9, CAP_KILL, 0, 0), EINVAL);
	ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 99, 0, 0), EINVAL);
	EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), 0);
	EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0), 0);
	EQ(prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE), 0);
	ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0), EPERM);
}

static void
do_bounding(void)
{
	ERR(prctl(PR_CAPBSET_READ, 99), EINVAL);
	EQ(prctl(PR_CAPBSET_READ, CAP_KILL), 1);
	EQ(prctl(PR_CAPBSET_DROP, CAP_KILL), 0);
	EQ(prctl(PR_CAPBSET_READ, CAP_KILL), 0);
	ERR(prctl(PR_CAPBSET_DROP, 99), EINVAL);
}

GTEST(ambient, "what of the ambient and the bounding set?")
{
	in_child(do_ambient);
	in_child(do_bounding);
}

/* --- prctl ----------------------------------------------------------------------- */

GTEST(prctl_values, "are prctl's words kept, and wrong ones refused?")
{
	int v = -1;

	ERR(prctl(9999), EINVAL);
	EQ(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
	EQ(prctl(PR_GET_PDEATHSIG, &v), 0);
	EQ(v, SIGUSR1);
	ERR(prctl(PR_SET_PDEATHSIG, 1000), EINVAL);
	EQ(prctl(PR_SET_PDEATHSIG, 0), 0);
	EQ(prctl(PR_GET_DUMPABLE), 1);
	ERR(prctl(PR_SET_DUMPABLE, 2), EINVAL);
	EQ(prctl(PR_SET_TIMERSLACK, 777), 0);
	EQ(prctl(PR_GET_TIMERSLACK), 777);
	EQ(prctl(PR_SET_TIMERSLACK, 0), 0);
	EQ(prctl(PR_GET_TIMERSLACK), 50000);
	ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	ERR(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
	EQ(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
	EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	EQ(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
	EQ(prctl(PR_GET_TSC, &v), 0);
	EQ(v, PR_TSC_ENABLE);
	EQ(prctl(PR_GET_TIMING), 0);
	ERR(prctl(PR_SET_TIMING, 5), EINVAL);
	ERR(prctl(PR_GET_PDEATHSIG, 8), EFAULT);
}

/* --- personality ------------------------------------------------------------------- */

static void
do_personality(void)
{
	struct utsname u;
	char *p;

	EQ(personality(0xffffffff), 0);
	EQ(personality(ADDR_NO_RANDOMIZE), 0);
	EQ(personality(0xffffffff), ADDR_NO_RANDOMIZE);
	EQ(personality(ADDR_NO_RANDOMIZE | UNAME26), ADDR_NO_RANDOMIZE);
	EQ(uname(&u), 0);
	EQ(strncmp(u.release, "2.6.", 4), 0);
	EQ(personality(READ_IMPLIES_EXEC), ADDR_NO_RANDOMIZE | UNAME26);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*p = (char)0xc3;
	((void (*)(void))p)();
}

GTEST(personality, "is a personality kept, and what of it works?")
{
	pid_t pid = fork();

	if (pid == 0) {
		do_personality();
		_exit(gtest_failures != 0);
	}
	EQ(status_of(pid), 0);
}

/* --- sharing ------------------------------------------------------------------------- */

static int
clone_shared(void *arg)
{
	int (*func)(void) = arg;

	return (func());
}

static int
unshare_and_change(void)
{
	if (unshare(CLONE_FILES | CLONE_FS) != 0)
		return (1);
	close(0);
	umask(077);
	return (chdir("/proc") == 0 ? 0 : 2);
}

GTEST(unshare, "do files and directories become one's own?")
{
	static char stack[65536] __attribute__((aligned(16)));
	char cwd[256];
	pid_t pid;

	EQ(chdir("/tmp"), 0);
	umask(022);
	pid = clone(clone_shared, stack + sizeof(stack),
	    CLONE_FILES | CLONE_FS | SIGCHLD, unshare_and_change);
	EQ(status_of(pid), 0);
	CHECK(fcntl(0, F_GETFD) >= 0);
	EQ(umask(022), 022);
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	EQ(strcmp(cwd, "/tmp"), 0);
	EQ(unshare(0), 0);
	EQ(unshare(CLONE_SYSVSEM), 0);
	ERR(unshare(0x1), EINVAL);
	ERR(syscall(SYS_setns, 0, 0), EINVAL);
	ERR(syscall(SYS_setns, 999, 0), EBADF);
}

GTEST(ustat, "does ustat tell of a mounted file system, and of no other?")
{
	struct stat st;
	char buf[64];

	memset(buf, 0, sizeof(buf));
	EQ(stat("/tmp", &st), 0);
	EQ(syscall(SYS_ustat, st.st_dev, buf), 0);
	ERR(syscall(SYS_ustat, 0xfffff, buf), EINVAL);
}
