/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that mean harm: wild pointers and lengths in every call, and
 * attempts to reach the host through the stub.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

#define BAD_COUNT 7
static uint64_t bad[BAD_COUNT];

static void
make_bad(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p + 4096, 4096);
	bad[0] = 0;
	bad[1] = 8;
	bad[2] = 0x400000000;	 /* the kernel's direct map */
	bad[3] = 0x7ff110000000; /* the stub's control block */
	bad[4] = 0xffffffff81000000;
	bad[5] = UINT64_MAX - 7;
	bad[6] = (uint64_t)(uintptr_t)p + 4096 - 2; /* straddles a hole */
}

GTEST(wild_read_write, "are wild buffers EFAULT in read and write?")
{
	int fd = open("/dev/zero", O_RDWR), f, p[2];

	make_bad();
	pipe(p);
	f = open("/tmp/wild", O_RDWR | O_CREAT | O_TRUNC, 0600);
	write(f, "0123456789abcdef", 16);
	for (int i = 0; i < BAD_COUNT; i++) {
		lseek(f, 0, SEEK_SET);
		errno = 0;
		long r = syscall(SYS_read, f, bad[i], 16);

		CHECK((r == -1 && errno == EFAULT) || (i == 6 && r == 2));
		r = syscall(SYS_write, p[1], bad[i], 16);
		CHECK((r == -1 && errno == EFAULT) || (i == 6 && r == 2));
		r = syscall(SYS_read, fd, bad[i], 16);
		CHECK((r == -1 && errno == EFAULT) || (i == 6 && r == 2));
	}
}

GTEST(wild_paths, "are wild path pointers EFAULT in every path call?")
{
	static const int calls[] = {SYS_open, SYS_stat, SYS_lstat, SYS_chdir,
	    SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_chmod, SYS_truncate,
	    SYS_readlink, SYS_statfs, SYS_chroot};
	static char buf[4096];

	make_bad();
	for (unsigned c = 0; c < sizeof(calls) / sizeof(calls[0]); c++)
		for (int i = 0; i < 6; i++) {
			long r = syscall(calls[c], bad[i], buf, 16, 0);

			if (r != -1 || errno != EFAULT)
				FAIL("call %d with %#lx gave %ld errno %d",
				    calls[c], (long)bad[i], r, errno);
		}
}

GTEST(wild_structs, "are wild structure pointers EFAULT?")
{
	make_bad();
	for (int i = 1; i < 6; i++) {
		ERR(syscall(SYS_fstat, 0, bad[i]), EFAULT);
		ERR(syscall(SYS_pipe, bad[i]), EFAULT);
		ERR(syscall(SYS_uname, bad[i]), EFAULT);
		ERR(syscall(SYS_getcwd, bad[i], 100), EFAULT);
		ERR(syscall(SYS_poll, bad[i], 1, 0), EFAULT);
		ERR(syscall(SYS_nanosleep, bad[i], 0), EFAULT);
		ERR(syscall(SYS_rt_sigaction, SIGUSR1, bad[i], 0, 8), EFAULT);
		ERR(syscall(SYS_rt_sigprocmask, 0, bad[i], 0, 8), EFAULT);
		ERR(syscall(SYS_getrlimit, 0, bad[i]), EFAULT);
		ERR(syscall(SYS_writev, 1, bad[i], 1), EFAULT);
		ERR(syscall(SYS_execve, "/bin/true", bad[i], 0), EFAULT);
		ERR(syscall(SYS_clock_gettime, 0, bad[i]), EFAULT);
		ERR(syscall(SYS_getrandom, bad[i], 16, 0), EFAULT);
		ERR(syscall(SYS_getgroups, 1, bad[i]) == 0
			? (errno = EFAULT, -1)
			: -1,
		    EFAULT);
	}
}

GTEST(wild_descriptors, "are wild descriptors EBADF in every call?")
{
	static const int fds[] = {
	    -1, -100, 99, 1023, 65536, 0x7fffffff, (int)0x80000000};
	static char buf[256];

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		ERR(read(fds[i], buf, 1), EBADF);
		ERR(write(fds[i], buf, 1), EBADF);
		ERR(close(fds[i]), EBADF);
		ERR(lseek(fds[i], 0, SEEK_SET), EBADF);
		ERR(fsync(fds[i]), EBADF);
		ERR(ftruncate(fds[i], 0), EBADF);
		ERR(fchdir(fds[i]), EBADF);
		ERR(fchmod(fds[i], 0), EBADF);
		ERR(dup(fds[i]), EBADF);
		ERR(fcntl(fds[i], F_GETFL), EBADF);
		ERR(syscall(SYS_getdents64, fds[i], buf, 256), EBADF);
		ERR(syscall(SYS_ioctl, fds[i], 0x5401, buf), EBADF);
	}
}

GTEST(wild_lengths, "are wild lengths errors, not overruns?")
{
	int fd = open("/tmp/len", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char c = 1;

	EQ(pwrite(fd, &c, 0, 0), 0);
	ERR(syscall(SYS_pread64, fd, &c, 1, -1L), EINVAL);
	ERR(syscall(SYS_pwrite64, fd, &c, 1, INT64_MIN), EINVAL);
	CHECK(syscall(SYS_pwrite64, fd, &c, 1, INT64_MAX) == -1);
	ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	ERR(lseek(fd, 0, 99), EINVAL);
	ERR(syscall(SYS_read, fd, &c, (size_t)-1) == 0 ? (errno = EFAULT, -1)
						       : -1,
	    EFAULT);
	ERR(syscall(SYS_rt_sigprocmask, 0, &c, 0, 77), EINVAL);
	ERR(syscall(SYS_poll, &c, 1000000, 0), EINVAL);
	ERR(syscall(SYS_getrandom, &c, 1, 0xffff), EINVAL);
}

GTEST(every_number, "does every call number survive garbage arguments?")
{
	static const uint64_t garbage[][6] = {
	    {0, 0, 0, 0, 0, 0},
	    {~0UL, ~0UL, ~0UL, ~0UL, ~0UL, ~0UL},
	    {0x400000000, 0x400000000, 0x400000000, 0x400000000, 0x400000000,
		0x400000000},
	    {3, 8, 1UL << 62, 0x7ff110000000, 1, 2},
	};
	int s;

	for (unsigned g = 0; g < 4; g++)
		for (int nr = 0; nr < 460; nr++) {
			pid_t pid;

			/* Those that end or stop us, or only wait. */
			if (nr == SYS_pause || nr == SYS_exit ||
			    nr == SYS_exit_group || nr == SYS_reboot ||
			    nr == SYS_rt_sigsuspend || nr == SYS_kill ||
			    nr == SYS_vfork || nr == SYS_fork ||
			    nr == SYS_clone || nr == SYS_rt_sigtimedwait ||
			    nr == SYS_wait4 || nr == SYS_waitid ||
			    nr == SYS_sync || nr == SYS_umount2 ||
			    nr == SYS_vhangup)
				continue;
			if ((pid = fork()) == 0) {
				alarm(2);
				syscall(nr, garbage[g][0], garbage[g][1],
				    garbage[g][2], garbage[g][3], garbage[g][4],
				    garbage[g][5]);
				_exit(0);
			}
			EQ(waitpid(pid, &s, 0), pid);
		}
}

/* --- the stub ------------------------------------------------------------------ */

static sigjmp_buf jump;
static volatile int caught;

static void
on_fault(int sig)
{
	caught = sig;
	siglongjmp(jump, 1);
}

/* Is there readable memory at p? */
static int
readable(uint64_t p)
{
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	if (sigsetjmp(jump, 1) == 0) {
		(void)*(volatile char *)(uintptr_t)p;
		return (1);
	}
	return (0);
}

GTEST(stub_scan, "is no kernel memory visible in the address space?")
{
	/* The vkernel's own image, its direct map and places near them. */
	for (uint64_t p = 0x400000000; p < 0x400000000 + (64 << 20);
	     p += 1 << 20)
		EQ(readable(p), 0);
	for (uint64_t p = 0x7fff00000000; p < 0x7ffffffff000; p += 0x1000000)
		EQ(readable(p), 0);
	EQ(readable(0x7ffffffde000), 0);
}

GTEST(stub_control, "is the control block read-only?")
{
	if (!readable(0x7ff110000000))
		return; /* not a vkernel */
	signal(SIGSEGV, on_fault);
	caught = 0;
	if (sigsetjmp(jump, 1) == 0)
		*(volatile int *)0x7ff110000000 = 0x7fffffff;
	EQ(caught, SIGSEGV);
}

/*
 * Find "syscall" instructions in the stub's text and jump to each with the
 * registers of a host call.  Whatever comes back must be the guest kernel's
 * answer or a dead process: never the host's.
 */
static long
call_at(uint64_t at, long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("subq $4096, %%rsp\n\t"
			 "call *%5\n\t"
			 "addq $4096, %%rsp"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(at)
			 : "rcx", "r11", "r8", "r9", "r10", "rbx", "r12", "r13",
			 "r14", "r15", "memory");
	return (ret);
}

GTEST(stub_jump, "does no jump into the stub's text reach a host call?")
{
	/* Calls whose success on the host would show or hurt. */
	static const int calls[] = {SYS_open, SYS_openat, SYS_mkdir, SYS_write,
	    SYS_mmap, SYS_munmap, SYS_mprotect, SYS_pwrite64, SYS_clone,
	    SYS_fork, SYS_execve, SYS_kill, SYS_ptrace, SYS_socket, SYS_seccomp,
	    SYS_sigaltstack, SYS_process_vm_readv, SYS_exit_group,
	    SYS_rt_sigaction, SYS_prctl};
	const volatile unsigned char *text = (void *)0x7ff100000000;
	int s, sites = 0;

	if (!readable(0x7ff100000000))
		return; /* not a vkernel */
	for (int i = 0; i < 0x8300; i++) {
		if (i == 0x600)
			i = 0x8000; /* the short way (stub_fast.S) */
		if (text[i] != 0x0f || text[i + 1] != 0x05)
			continue;
		sites++;
		for (unsigned c = 0; c < sizeof(calls) / sizeof(calls[0]);
		     c++) {
			pid_t pid = fork();

			if (pid == 0) {
				call_at(0x7ff100000000 + (uint64_t)i, calls[c],
				    (long)"/host-escape", 0777, 3);
				_exit(0);
			}
			/* It may loop in the stub: it is ours to end. */
			for (int w = 0; waitpid(pid, &s, WNOHANG) != pid; w++) {
				if (w == 10)
					kill(pid, SIGKILL);
				usleep(1000);
			}
		}
	}
	CHECK(sites >= 5);
}

GTEST(stub_mailbox, "does scribbling over the mailbox hurt only its owner?")
{
	volatile uint32_t *mb = (void *)0x7ff120000000;
	int s;
	pid_t pid;

	if (!readable(0x7ff120000000))
		return; /* not a vkernel */
	for (int value = 0; value < 4; value++) {
		if ((pid = fork()) == 0) {
			alarm(2);
			for (int i = 0; i < 4096; i++)
				mb[i] =
				    value == 3 ? 0xffffffffu : (uint32_t)value;
			getppid();
			for (int i = 0; i < 4096; i++)
				mb[i] = (uint32_t)i * 0x9e3779b9u;
			getppid();
			_exit(0);
		}
		EQ(waitpid(pid, &s, 0), pid);
	}
	EQ(getppid() > 0, 1);
}

/* Calls from one place, so often that it is rewritten. */
static void
hot_calls(int n)
{
	while (n-- > 0)
		(void)getppid();
}

GTEST(short_way_jump, "does no jump into the short way hurt anybody else?")
{
	int s;

	if (!readable(0x7ff100008000))
		return; /* not a vkernel */
	hot_calls(300);
	for (int off = 0; off < 0x290; off++) {
		pid_t pid = fork();

		if (pid == 0) {
			alarm(1);
			hot_calls(3);
			call_at(0x7ff100008000 + (uint64_t)off,
			    off % 3 == 0 ? SYS_open : off % 3, 0x1234, -1, off);
			hot_calls(3);
			_exit(0);
		}
		for (int w = 0; waitpid(pid, &s, WNOHANG) != pid; w++) {
			if (w == 10)
				kill(pid, SIGKILL);
			usleep(1000);
		}
	}
	EQ(getppid() > 0, 1);
}

static void *
liar(void *arg)
{
	volatile uint32_t *mb = (void *)0x7ff120000000;
	unsigned n = *(unsigned *)arg;

	for (unsigned i = 0;; i++) {
		mb[0] = n % 5;			   /* whose turn */
		mb[4] = i % 2 == 0 ? 64 : n % 32;  /* why it stopped */
		mb[16 + i % 36] = i * 0x9e3779b9u; /* registers */
		mb[10 + i % 4] = i * 0x9e3779b9u;  /* where the frame is */
	}
	return (NULL);
}

GTEST(
    short_way_lies, "do lies about a call of the short way hurt the liar only?")
{
	int s;

	if (!readable(0x7ff120000000))
		return; /* not a vkernel */
	for (unsigned n = 0; n < 40; n++) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t t;

			hot_calls(300);
			pthread_create(&t, NULL, liar, &n);
			hot_calls(20000);
			_exit(0);
		}
		for (int w = 0; waitpid(pid, &s, WNOHANG) != pid; w++) {
			if (w == 10)
				kill(pid, SIGKILL);
			usleep(1000);
		}
	}
	EQ(getppid() > 0, 1);
}

GTEST(int80, "is a 32-bit call a signal, not a host call?")
{
	int s;
	pid_t pid = fork();

	if (pid == 0) {
		long r;

		__asm__ volatile("int $0x80"
				 : "=a"(r)
				 : "a"(20), "b"(0), "c"(0), "d"(0));
		_exit(r == getpid() ? 0 : 1);
	}
	EQ(waitpid(pid, &s, 0), pid);
}

GTEST(segment_bases, "are wild FS and GS bases refused?")
{
	ERR(syscall(SYS_arch_prctl, 0x1001, 0x8000000000000000UL), EPERM);
	ERR(syscall(SYS_arch_prctl, 0x1001, 0xffffffff81000000UL), EPERM);
	EQ(syscall(SYS_arch_prctl, 0x1001, 0x1234000UL), 0);
	ERR(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
}

GTEST(privileged, "are privileged instructions a signal?")
{
	int s;

	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (i == 0)
				__asm__ volatile("hlt");
			if (i == 1)
				__asm__ volatile("cli");
			if (i == 2)
				__asm__ volatile("movq %%cr3, %%rax"
						 :
						 :
						 : "rax");
			if (i == 3)
				__asm__ volatile("outb %%al, $0x80" : : "a"(0));
			_exit(0);
		}
		EQ(waitpid(pid, &s, 0), pid);
		CHECK(WIFSIGNALED(s));
		EQ(WTERMSIG(s), SIGSEGV);
	}
}

GTEST(noncanonical, "is a jump or access to a non-canonical address SIGSEGV?")
{
	int s;

	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			uint64_t a = 0x8000000000000000UL;

			if (i == 0)
				(void)*(volatile char *)a;
			else
				__asm__ volatile("jmp *%0" : : "r"(a));
			_exit(0);
		}
		EQ(waitpid(pid, &s, 0), pid);
		EQ(WTERMSIG(s), SIGSEGV);
	}
}

GTEST(bad_sigreturn, "does a forged signal frame end in SIGSEGV or sanity?")
{
	int s;
	pid_t pid = fork();

	if (pid == 0) {
		__asm__ volatile("movq $0x1000, %%rsp\n\t"
				 "movl $15, %%eax\n\t"
				 "syscall"
				 :
				 :
				 : "rax", "memory");
		_exit(0);
	}
	EQ(waitpid(pid, &s, 0), pid);
	EQ(WTERMSIG(s), SIGSEGV);
}

GTEST(stack_in_kernel, "does a wild stack pointer kill only the program?")
{
	static const uint64_t sps[] = {
	    0, 0x400000000, 0x7ff110000000, 0x7ff120002000, 0xffffffffffffff00};
	int s;

	for (unsigned i = 0; i < 5; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			signal(SIGUSR1, on_fault);
			__asm__ volatile("movq %0, %%rsp\n\t"
					 "pushq %%rax\n\t"
					 "ud2"
					 :
					 : "r"(sps[i])
					 : "memory");
			_exit(0);
		}
		EQ(waitpid(pid, &s, 0), pid);
		CHECK(WIFSIGNALED(s));
	}
}

GTEST(fd_bomb, "does a descriptor bomb end in an error and clean up?")
{
	int s, n = 0;
	pid_t pid = fork();

	if (pid == 0) {
		while (open("/tmp", O_RDONLY) >= 0)
			n++;
		_exit(errno == EMFILE && n > 500 ? 0 : 1);
	}
	EQ(waitpid(pid, &s, 0), pid);
	EQ(s, 0);
}
