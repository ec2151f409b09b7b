/* SPDX-License-Identifier: BSD-2-Clause */
/* exec: what it refuses, and what the new program finds. */
#include "gtest.h"
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int
status_of(pid_t pid)
{
	int s = -1;

	EQ(waitpid(pid, &s, 0), pid);
	return (s);
}

/* The errno of executing path: 0 if it ran and exited 0, -2 if it died. */
static int
exec_errno(const char *path, char *const *argv, char *const *envp)
{
	pid_t pid = fork();

	if (pid == 0) {
		execve(path, argv, envp);
		_exit(errno);
	}
	int s = status_of(pid);

	return (WIFEXITED(s) ? WEXITSTATUS(s) : -2);
}

static int
exec_file(const char *path)
{
	char *const argv[] = {"true", NULL};

	return (exec_errno(path, argv, environ));
}

static void
write_file(const char *path, const void *p, size_t n, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0700);

	EQ(write(fd, p, n), n);
	fchmod(fd, mode);
	close(fd);
}

/* A program of 200 bytes that exits 0. */
struct tiny {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	unsigned char code[16];
};

static void
tiny_init(struct tiny *t)
{
	static const unsigned char code[] = {
	    0x31, 0xff, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05};

	memset(t, 0, sizeof(*t));
	memcpy(t->eh.e_ident, ELFMAG, 4);
	t->eh.e_ident[EI_CLASS] = ELFCLASS64;
	t->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	t->eh.e_ident[EI_VERSION] = 1;
	t->eh.e_type = ET_EXEC;
	t->eh.e_machine = EM_X86_64;
	t->eh.e_version = 1;
	t->eh.e_ehsize = sizeof(t->eh);
	t->eh.e_phentsize = sizeof(t->ph[0]);
	t->eh.e_phnum = 1;
	t->eh.e_phoff = offsetof(struct tiny, ph);
	t->ph[0].p_type = PT_LOAD;
	t->ph[0].p_flags = PF_R | PF_X;
	t->ph[0].p_vaddr = 0x400000;
	t->ph[0].p_filesz = t->ph[0].p_memsz = sizeof(*t);
	t->ph[0].p_align = 4096;
	t->eh.e_entry = 0x400000 + offsetof(struct tiny, code);
	memcpy(t->code, code, sizeof(code));
}

static int
run_tiny(const struct tiny *t, size_t n)
{
	write_file("/tmp/tiny", t, n, 0755);
	return (exec_file("/tmp/tiny"));
}

GTEST(tiny_runs, "does the smallest program run?")
{
	struct tiny t;

	tiny_init(&t);
	EQ(run_tiny(&t, sizeof(t)), 0);
}

GTEST(elf_header, "are wrong headers refused?")
{
	struct tiny t;

#define CASE(change)                                                           \
	do {                                                                   \
		tiny_init(&t);                                                 \
		change;                                                        \
		EQ(run_tiny(&t, sizeof(t)), ENOEXEC);                          \
	} while (0)
	CASE(t.eh.e_ident[0] = 0);
	CASE(t.eh.e_machine = EM_ARM);
	CASE(t.eh.e_type = ET_REL);
	CASE(t.eh.e_type = ET_CORE);
	CASE(t.eh.e_phentsize = 32);
	CASE(t.eh.e_phentsize = 0);
	CASE(t.eh.e_phnum = 0);
	CASE(t.eh.e_phnum = 0xffff);
	CASE(t.eh.e_phoff = ~0UL);
	CASE(t.eh.e_phoff = 1UL << 40);
	CASE(t.eh.e_phoff = sizeof(t) - 8);
}

GTEST(elf_segments, "do impossible segments never start?")
{
	struct tiny t;

	/* Some systems refuse at exec, some kill: both are right. */
#define BAD(change)                                                            \
	do {                                                                   \
		tiny_init(&t);                                                 \
		change;                                                        \
		CHECK(run_tiny(&t, sizeof(t)) != 0);                           \
	} while (0)
	BAD(t.ph[0].p_filesz = 1UL << 40; t.ph[0].p_memsz = 1UL << 40);
	BAD(t.ph[0].p_filesz = ~0UL);
	BAD(t.ph[0].p_memsz = ~0UL);
	BAD(t.ph[0].p_vaddr = ~0UL << 12);
	BAD(t.ph[0].p_vaddr = 0xffff800000000000UL);
	BAD(t.ph[0].p_vaddr = 0x7fffffffe000UL);
	BAD(t.ph[0].p_vaddr = 0x400123);
	BAD(t.ph[0].p_offset = ~0UL);
	BAD(t.ph[0].p_offset = 3);
	BAD(t.ph[0].p_memsz = 1);
	BAD(t.ph[0].p_flags = 0);
	BAD(t.eh.e_entry = 0);
	BAD(t.eh.e_entry = 0xffffffff80000000UL);
	BAD(t.eh.e_phnum = 2; t.ph[1] = t.ph[0]; t.ph[1].p_vaddr = 0x200000;
	    t.ph[0].p_type = PT_NULL);
}

GTEST(elf_truncated, "is each shorter file refused?")
{
	struct tiny t;

	tiny_init(&t);
	for (size_t n = 0; n < sizeof(t); n += 7)
		CHECK(run_tiny(&t, n) != 0 || n == 0);
}

GTEST(elf_random, "does any damaged header leave the kernel alone?")
{
	struct tiny t;
	unsigned seed = 1;

	for (int i = 0; i < 300; i++) {
		tiny_init(&t);
		for (int k = 0; k < 3; k++) {
			seed = seed * 1103515245 + 12345;
			((unsigned char *)&t)[(seed >> 8) % 176] ^= 1
			    << (seed >> 28 & 7);
		}
		(void)run_tiny(&t, sizeof(t));
	}
}

GTEST(elf_interp, "are bad interpreters refused?")
{
	struct {
		struct tiny t;
		char interp[32];
	} f;

#define INTERP(name, len, want)                                                \
	do {                                                                   \
		tiny_init(&f.t);                                               \
		memset(f.interp, 'x', sizeof(f.interp));                       \
		strcpy(f.interp, name);                                        \
		f.t.eh.e_phnum = 2;                                            \
		f.t.ph[1] = f.t.ph[0];                                         \
		f.t.ph[0].p_type = PT_INTERP;                                  \
		f.t.ph[0].p_offset = sizeof(f.t);                              \
		f.t.ph[0].p_filesz = (len);                                    \
		write_file("/tmp/tiny", &f, sizeof(f), 0755);                  \
		EQ(exec_file("/tmp/tiny"), want);                              \
	} while (0)
	INTERP("/no/such/loader", 16, ENOENT);
	INTERP("/no/such/loader", 1, ENOEXEC);
	INTERP("/no/such/loader", 15, ENOEXEC);
	INTERP("/tmp", 5, EACCES);
}

GTEST(bss_zero, "is memory behind the file's bytes zero?")
{
	struct tiny t;
	/* mov 0x4001f0,%edi (behind filesz); mov $60,%eax; syscall */
	static const unsigned char code[] = {0x8b, 0x3c, 0x25, 0xf0, 0x01, 0x40,
	    0x00, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05};
	char tail[512];

	tiny_init(&t);
	t.ph[0].p_flags |= PF_W;
	t.ph[0].p_memsz = 0x3000;
	memcpy(t.code, code, sizeof(code));
	memset(tail, 0xff, sizeof(tail));
	write_file("/tmp/tiny", &t, sizeof(t), 0755);
	int fd = open("/tmp/tiny", O_WRONLY | O_APPEND);

	write(fd, tail, sizeof(tail));
	close(fd);
	EQ(exec_file("/tmp/tiny"), 0);
}

GTEST(not_executable, "are the reasons right?")
{
	int fd;

	EQ(exec_file("/no/such"), ENOENT);
	EQ(exec_file("/tmp"), EACCES);
	EQ(exec_file("/dev/null"), EACCES);
	write_file("/tmp/x", "", 0, 0755);
	EQ(exec_file("/tmp/x"), ENOEXEC);
	write_file("/tmp/x", "text\n", 5, 0755);
	EQ(exec_file("/tmp/x"), ENOEXEC);
	write_file("/tmp/x", "#!/bin/sh\n", 10, 0644);
	EQ(exec_file("/tmp/x"), EACCES);
	struct tiny t;

	tiny_init(&t);
	write_file("/tmp/busy", &t, sizeof(t), 0755);
	fd = open("/tmp/busy", O_WRONLY);
	EQ(exec_file("/tmp/busy"), ETXTBSY);
	close(fd);
	EQ(exec_file("/tmp/busy"), 0);
}

GTEST(text_busy, "may a running program not be written?")
{
	struct tiny t;
	pid_t pid;
	/* pause() */
	static const unsigned char code[] = {0xb8, 34, 0, 0, 0, 0x0f, 0x05};

	tiny_init(&t);
	memcpy(t.code, code, sizeof(code));
	write_file("/tmp/pauser", &t, sizeof(t), 0755);
	if ((pid = fork()) == 0) {
		execl("/tmp/pauser", "pauser", NULL);
		_exit(1);
	}
	usleep(50000);
	ERR(open("/tmp/pauser", O_WRONLY), ETXTBSY);
	kill(pid, SIGKILL);
	status_of(pid);
	int fd = open("/tmp/pauser", O_WRONLY);

	CHECK(fd >= 0);
	close(fd);
}

GTEST(script_lines, "how are #! lines read?")
{
	static const struct {
		const char *line;
		int want;
	} cases[] = {
	    {"#!\n", ENOEXEC},
	    {"#!   \n", ENOEXEC},
	    {"#! /bin/busybox true\n", 0},
	    {"#!/bin/busybox\ttrue  \n", 0},
	    {"#!/no/such\n", ENOENT},
	    {"#!/tmp/loop\n", ELOOP},
	};

	write_file("/tmp/loop", "#!/tmp/loop\n", 12, 0755);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(
		    "/tmp/script", cases[i].line, strlen(cases[i].line), 0755);
		if (exec_file("/tmp/script") != cases[i].want)
			FAIL("line %s", cases[i].line);
	}
}

GTEST(args_limit, "are too many arguments refused, and many taken?")
{
	static char *argv[70000];
	static char word[1000];
	char *big;

	memset(word, 'a', sizeof(word) - 1);
	argv[0] = "true";
	for (int i = 1; i < 1500; i++)
		argv[i] = word;
	argv[1] = "true";
	argv[1500] = NULL;
	argv[0] = "busybox";
	EQ(exec_errno("/bin/busybox", argv, environ), 0);
	for (int i = 1500; i < 60000; i++)
		argv[i] = word;
	argv[60000] = NULL;
	EQ(exec_errno("/bin/busybox", argv, environ), E2BIG);
	big = malloc(8 << 20);
	memset(big, 'b', 8 << 20);
	big[(8 << 20) - 1] = '\0';
	argv[1] = big;
	argv[2] = NULL;
	EQ(exec_errno("/bin/busybox", argv, environ), E2BIG);
}

GTEST(args_fault, "are bad pointers EFAULT?")
{
	char *bad[] = {"x", (char *)8, NULL};

	EQ(exec_errno("/bin/busybox", bad, environ), EFAULT);
	EQ(exec_errno("/bin/busybox", (char **)16, environ), EFAULT);
	EQ(exec_errno((char *)32, bad, environ), EFAULT);
}

GTEST(aux_vector, "does the vector tell the truth?")
{
	EQ(getauxval(AT_PAGESZ), 4096);
	EQ(getauxval(AT_CLKTCK), 100);
	EQ(getauxval(AT_UID), getuid());
	EQ(getauxval(AT_EGID), getegid());
	EQ(getauxval(AT_SECURE), 0);
	EQ(getauxval(AT_BASE), 0);
	EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	CHECK(getauxval(AT_RANDOM) != 0);
	CHECK(getauxval(AT_EXECFN) != 0);
	CHECK(strcmp((char *)getauxval(AT_PLATFORM), "x86_64") == 0);
	const Elf64_Phdr *ph = (const void *)getauxval(AT_PHDR);
	int loads = 0;

	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
		loads += ph[i].p_type == PT_LOAD;
	CHECK(loads >= 2);
}

/* What the set-id copy of this program runs. */
static void
set_id_child(void)
{
	_exit(getuid() == 1001 && geteuid() == 1000 && getgid() == 1001 &&
		    getegid() == 1000 && getauxval(AT_SECURE) == 1
		? 6
		: 1);
}

GTEST(set_id, "do set-id bits change ids, and mark the program secure?")
{
	struct stat st;
	pid_t pid;
	int s;

	if (geteuid() == 1000)
		set_id_child();
	EQ(system("cp /proc/$PPID/exe /tmp/suid && "
		  "chown 1000:1000 /tmp/suid && chmod 6755 /tmp/suid"),
	    0);
	EQ(stat("/tmp/suid", &st), 0);
	EQ(st.st_mode & 07777, 06755);
	if ((pid = fork()) == 0) {
		setgid(1001);
		setuid(1001);
		execl("/tmp/suid", "suid", "set_id", NULL);
		_exit(1);
	}
	s = status_of(pid);
	EQ(WEXITSTATUS(s), 6);
}
