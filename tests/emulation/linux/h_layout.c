/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program says of its own memory: PR_SET_MM (where its parts are, its
 * auxiliary vector, its text file) and PR_SET_VMA (names).
 *
 * Where the kernel under the test gives no CAP_SYS_RESOURCE, or was built without
 * names, the cases see to it that it refuses as documented, and no more.
 */
#include "trace.h"
#include <linux/prctl.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif
#define NAME_OP 0x53564d41 /* PR_SET_VMA */
#define PAGE	4096L
#define RW	(PROT_READ | PROT_WRITE)
#define AUXV	448 /* bytes that the kernel keeps */

static char *
text_of(const char *path)
{
	static char buf[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n, got = 0;

	memset(buf, 0, sizeof(buf));
	CHECK(fd >= 0);
	while ((n = read(fd, buf + got, sizeof(buf) - 1 - (size_t)got)) > 0)
		got += n;
	close(fd);
	return (buf);
}

/* Field n of /proc/self/stat, as proc(5) counts. */
static unsigned long
field(int n)
{
	char *s = strrchr(text_of("/proc/self/stat"), ')') + 2;

	for (int i = 3; i < n; i++)
		s = strchr(s, ' ') + 1;
	return (strtoul(s, NULL, 10));
}

static struct prctl_mm_map
present(void)
{
	struct prctl_mm_map m;

	memset(&m, 0, sizeof(m));
	m.start_code = field(26);
	m.end_code = field(27);
	m.start_stack = field(28);
	m.start_data = field(45);
	m.end_data = field(46);
	m.start_brk = field(47);
	m.brk = (unsigned long)sbrk(0);
	m.arg_start = field(48);
	m.arg_end = field(49);
	m.env_start = field(50);
	m.env_end = field(51);
	m.exe_fd = (uint32_t)-1;
	return (m);
}

static int
set_map(struct prctl_mm_map *m)
{
	return (prctl(PR_SET_MM, PR_SET_MM_MAP, m, sizeof(*m), 0));
}

static char *
memory(long pages)
{
	char *p = mmap(NULL, (size_t)(pages * PAGE), RW,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return (p);
}

/* Run func in a child of its own; its failures are ours. */
static void
in_child(void (*func)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		gtest_failures = 0;
		func();
		_exit(gtest_failures != 0);
	}
	EQ(status_of(pid), 0);
}

GTEST(present, "do the fields of stat say where the program is?")
{
	struct prctl_mm_map m = present();
	static int data = 1;

	CHECK((uintptr_t)present >= m.start_code &&
	    (uintptr_t)present < m.end_code);
	CHECK(
	    (uintptr_t)&data >= m.start_data && (uintptr_t)&data < m.end_data);
	CHECK(m.start_brk != 0 && m.brk >= m.start_brk);
	CHECK((uintptr_t)&m < m.start_stack && m.start_stack < m.arg_start);
	CHECK(m.arg_end == m.env_start && m.env_end > m.env_start);
	EQ(*(long *)m.start_stack, 2); /* argc */
}

static void
do_one_by_one(void)
{
	static const struct {
		int op, field;
	} rows[] = {{PR_SET_MM_START_CODE, 26}, {PR_SET_MM_END_CODE, 27},
	    {PR_SET_MM_START_STACK, 28}, {PR_SET_MM_START_DATA, 45},
	    {PR_SET_MM_END_DATA, 46}, {PR_SET_MM_START_BRK, 47},
	    {PR_SET_MM_ARG_START, 48}, {PR_SET_MM_ARG_END, 49},
	    {PR_SET_MM_ENV_START, 50}, {PR_SET_MM_ENV_END, 51}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned long v = field(rows[i].field);

		/* Ends move up, beginnings down: the order stays. */
		v += i == 1 || i == 4 || i == 7 || i == 9 ? 1 : -1UL;
		if (prctl(PR_SET_MM, rows[i].op, v, 0, 0) != 0)
			FAIL("op %d: errno %d", rows[i].op, errno);
		EQ(field(rows[i].field), v);
	}
	ERR(prctl(PR_SET_MM, 0, PAGE * 100, 0, 0), EINVAL);
	ERR(prctl(PR_SET_MM, 16, PAGE * 100, 0, 0), EINVAL);
	ERR(prctl(PR_SET_MM, PR_SET_MM_ARG_START, 0, 0, 0), EINVAL);
	ERR(prctl(PR_SET_MM, PR_SET_MM_ARG_START, -1UL, 0, 0), EINVAL);
	ERR(prctl(PR_SET_MM, PR_SET_MM_END_CODE, field(26), 0, 0), EINVAL);
	ERR(prctl(PR_SET_MM, PR_SET_MM_ENV_END, field(50) - 1, 0, 0), EINVAL);
	ERR(prctl(PR_SET_MM, PR_SET_MM_ARG_START, field(48), 1, 0), EINVAL);
	ERR(prctl(PR_SET_MM, PR_SET_MM_ARG_START, field(48), 0, 1), EINVAL);
}

GTEST(one_by_one, "can each place be moved, and are bad ones refused?")
{
	if (prctl(PR_SET_MM, PR_SET_MM_ENV_START, field(50), 0, 0) == 0) {
		in_child(do_one_by_one);
		return;
	}
	EQ(errno, EPERM);
	ERR(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, 0, 0, 0), EPERM);
	ERR(prctl(PR_SET_MM, PR_SET_MM_AUXV, text_of, 16, 0), EPERM);
	ERR(prctl(PR_SET_MM, 99, 0, 0, 0), EPERM);
	ERR(prctl(PR_SET_MM, PR_SET_MM_ENV_START, 0, 1, 0), EINVAL);
}

static void
do_not_allowed(void)
{
	if (geteuid() == 0)
		EQ(setuid(1000), 0);
	ERR(prctl(PR_SET_MM, PR_SET_MM_ENV_START, PAGE * 100, 0, 0), EPERM);
	ERR(prctl(PR_SET_MM, PR_SET_MM_AUXV, text_of, 16, 0), EPERM);
	ERR(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, 0, 0, 0), EPERM);
}

GTEST(not_allowed, "may an ordinary user move places one by one?")
{
	in_child(do_not_allowed);
}

static void
do_arguments(void)
{
	struct prctl_mm_map m = present();
	char *p = memory(1);
	char *s;

	memcpy(p, "one\0two\0A=1\0B=2", 16);
	m.arg_start = (uintptr_t)p;
	m.arg_end = m.env_start = (uintptr_t)p + 8;
	m.env_end = (uintptr_t)p + 16;
	EQ(set_map(&m), 0);
	s = text_of("/proc/self/cmdline");
	CHECK(memcmp(s, "one\0two\0\0", 9) == 0);
	s = text_of("/proc/self/environ");
	CHECK(memcmp(s, "A=1\0B=2\0\0", 9) == 0);
	EQ(field(48), p);
	EQ(field(51), p + 16);
	/* A title that runs over the arguments' end. */
	memcpy(p, "a longer title", 15);
	s = text_of("/proc/self/cmdline");
	CHECK(memcmp(s, "a longer title\0\0", 16) == 0);
	/* Nothing there is no error. */
	munmap(p, PAGE);
	s = text_of("/proc/self/cmdline");
	EQ(s[0], 0);
	/* An empty range is shown so. */
	m.arg_end = m.arg_start;
	EQ(set_map(&m), 0);
	s = text_of("/proc/self/cmdline");
	EQ(s[0], 0);
}

GTEST(arguments, "do cmdline and environ show what the program names?")
{
	in_child(do_arguments);
}

static void
do_map_checks(void)
{
	struct prctl_mm_map m = present(), bad;
	unsigned size = 0;
	uint64_t aux[AUXV / 8 + 2] = {0};

	EQ(prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0), 0);
	EQ(size, sizeof(m));
	ERR(prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, 1, 0, 0), EFAULT);
	ERR(prctl(PR_SET_MM, PR_SET_MM_MAP, &m, sizeof(m) - 1, 0), EINVAL);
	ERR(prctl(PR_SET_MM, PR_SET_MM_MAP, 1, sizeof(m), 0), EFAULT);
	ERR(prctl(PR_SET_MM, PR_SET_MM_MAP, &m, sizeof(m), 1), EINVAL);
	EQ(set_map(&m), 0);
#define BAD(member, value, error)                                              \
	do {                                                                   \
		bad = m;                                                       \
		bad.member = (__typeof__(bad.member))(value);                  \
		ERR(set_map(&bad), error);                                     \
	} while (0)
	BAD(end_code, m.start_code, EINVAL);
	BAD(end_data, m.start_data - 1, EINVAL);
	BAD(brk, m.start_brk - 1, EINVAL);
	BAD(arg_end, m.arg_start - 1, EINVAL);
	BAD(env_end, m.env_start - 1, EINVAL);
	BAD(start_stack, 0, EINVAL);
	BAD(start_stack, 1UL << 47, EINVAL);
	BAD(exe_fd, 999, EBADF);
	BAD(auxv_size, 16, EINVAL);
	m.auxv = (void *)aux;
	BAD(auxv_size, AUXV + 8, EINVAL);
	m.auxv = (void *)8;
	BAD(auxv_size, 16, EFAULT);
	EQ(field(28), m.start_stack);
}

GTEST(map_checks, "are bad descriptions refused as a whole?")
{
	in_child(do_map_checks);
}

static void
do_auxv(void)
{
	uint64_t aux[AUXV / 8], seen[AUXV / 8 + 8];
	struct prctl_mm_map m = present();
	char *s;

	memset(seen, 0xee, sizeof(seen));
	EQ(prctl(PR_GET_AUXV, seen, sizeof(seen), 0, 0), AUXV);
	EQ(seen[AUXV / 8], 0xeeeeeeeeeeeeeeee);
	for (size_t i = 0; i < AUXV / 8 && seen[i] != AT_NULL; i += 2)
		if (seen[i] != AT_HWCAP) /* the C library's own word */
			EQ(seen[i + 1], getauxval(seen[i]));
	memset(seen, 0xee, sizeof(seen));
	EQ(prctl(PR_GET_AUXV, seen, 8, 0, 0), AUXV);
	EQ(seen[1], 0xeeeeeeeeeeeeeeee);
	ERR(prctl(PR_GET_AUXV, 1, 8, 0, 0), EFAULT);
	ERR(prctl(PR_GET_AUXV, seen, 8, 1, 0), EINVAL);

	for (size_t i = 0; i < AUXV / 8; i++)
		aux[i] = 1000 + i;
	m.auxv = (void *)aux;
	m.auxv_size = sizeof(aux);
	EQ(set_map(&m), 0);
	s = text_of("/proc/self/auxv");
	EQ(((uint64_t *)s)[0], 1000);
	EQ(((uint64_t *)s)[AUXV / 8 - 3], 1000 + AUXV / 8 - 3);
	EQ(((uint64_t *)s)[AUXV / 8 - 2], 0);
	EQ(((uint64_t *)s)[AUXV / 8 - 1], 0);
	/* A shorter one is all there is. */
	m.auxv_size = 32;
	EQ(set_map(&m), 0);
	s = text_of("/proc/self/auxv");
	EQ(((uint64_t *)s)[3], 1003);
	EQ(((uint64_t *)s)[4], 0);
	EQ(((uint64_t *)s)[5], 0);
	if (prctl(PR_SET_MM, PR_SET_MM_AUXV, aux, 16, 0) == 0) {
		ERR(prctl(PR_SET_MM, PR_SET_MM_AUXV, aux, AUXV + 8, 0), EINVAL);
		ERR(prctl(PR_SET_MM, PR_SET_MM_AUXV, 1, 16, 0), EFAULT);
	} else
		EQ(errno, EPERM);
}

GTEST(auxv, "is the auxiliary vector the program's own?")
{
	in_child(do_auxv);
}

static char *heap_end;

static void
do_heap_child(void)
{
	EQ(syscall(SYS_brk, 0), heap_end);
}

static void
do_heap(void)
{
	struct prctl_mm_map m = present();
	char *room = memory(64), line[256];
	char *s;

	EQ(munmap(room, 64 * PAGE), 0);
	m.start_brk = (uintptr_t)room;
	m.brk = (uintptr_t)room + 100;
	EQ(set_map(&m), 0);
	EQ(syscall(SYS_brk, 0), room + 100);
	EQ(syscall(SYS_brk, room + 3 * PAGE), room + 3 * PAGE);
	room[PAGE] = 1;
	s = text_of("/proc/self/maps");
	snprintf(line, sizeof(line), "%08lx-%08lx rw-p",
	    (unsigned long)(room + PAGE), (unsigned long)(room + 3 * PAGE));
	s = strstr(s, line);
	CHECK(s != NULL);
	if (s != NULL) {
		*strchr(s, '\n') = '\0';
		CHECK(strstr(s, "[heap]") != NULL);
	}
	/* Below its beginning it does not go. */
	heap_end = room + 3 * PAGE;
	EQ(syscall(SYS_brk, room - PAGE), heap_end);
	/* A child's is there, too. */
	in_child(do_heap_child);
}

GTEST(heap, "does brk work from where the program put its heap?")
{
	in_child(do_heap);
}

/*
 * In memory of its own: unmap the program, name another text file, and tell by
 * the status whether exe shows that.  a: start, length, struct prctl_mm_map,
 * "/proc/self/exe", buffer, what it should say, its length.
 */
struct leave {
	unsigned long start, len;
	struct prctl_mm_map *map;
	const char *link;
	char *buf;
	const char *want;
	unsigned long n;
};
extern const char leave_code[], leave_end[];
__asm__(".text\nleave_code:\n"
	"	mov %rdi, %rbx\n"
	"	mov (%rbx), %rdi\n"
	"	mov 8(%rbx), %rsi\n"
	"	mov $11, %eax\n" /* munmap */
	"	syscall\n"
	"	test %rax, %rax\n"
	"	jnz 1f\n"
	"	mov $35, %edi\n"
	"	mov $14, %esi\n"
	"	mov 16(%rbx), %rdx\n"
	"	mov $104, %r10d\n"
	"	xor %r8d, %r8d\n"
	"	mov $157, %eax\n" /* prctl */
	"	syscall\n"
	"	test %rax, %rax\n"
	"	jnz 2f\n"
	"	mov 24(%rbx), %rdi\n"
	"	mov 32(%rbx), %rsi\n"
	"	mov $4000, %edx\n"
	"	mov $89, %eax\n" /* readlink */
	"	syscall\n"
	"	cmp 48(%rbx), %rax\n"
	"	jne 3f\n"
	"	mov 32(%rbx), %rsi\n"
	"	mov 40(%rbx), %rdi\n"
	"	mov %rax, %rcx\n"
	"	repe cmpsb\n"
	"	jne 4f\n"
	"	xor %edi, %edi\n"
	"	jmp 9f\n"
	"1:	mov $11, %edi\n"
	"	jmp 9f\n"
	"2:	neg %rax\n"
	"	add $100, %eax\n"
	"	mov %eax, %edi\n"
	"	jmp 9f\n"
	"3:	mov $13, %edi\n"
	"	jmp 9f\n"
	"4:	mov $14, %edi\n"
	"9:	mov $231, %eax\n" /* exit_group */
	"	syscall\n"
	"leave_end:\n");

/* From the first to the last mapping of the program's file. */
static void
own_range(unsigned long *startp, unsigned long *lenp)
{
	char exe[4000], line[4400];
	unsigned long start, end, first = 0, last = 0;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	FILE *f = fopen("/proc/self/maps", "r");

	CHECK(n > 0 && f != NULL);
	exe[n] = '\0';
	while (fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, exe) != NULL &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2) {
			if (first == 0)
				first = start;
			last = end;
		}
	fclose(f);
	*startp = first;
	*lenp = last - first;
}

static void
do_exe(void)
{
	char *code = mmap(NULL, (size_t)PAGE, RW | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p = memory(4);
	struct leave *l = (struct leave *)p;
	int fd = open("/tmp/layout.exe", O_RDONLY);

	CHECK(fd >= 0);
	memcpy(code, leave_code, (size_t)(leave_end - leave_code));
	own_range(&l->start, &l->len);
	l->map = (struct prctl_mm_map *)(p + 512);
	*l->map = present();
	l->map->exe_fd = (uint32_t)fd;
	l->link = strcpy(p + 1024, "/proc/self/exe");
	l->want = strcpy(p + 1100, "/tmp/layout.exe");
	l->n = strlen(l->want);
	l->buf = p + 2 * PAGE;
	((void (*)(struct leave *))code)(l);
}

GTEST(exe, "can the program name another text file?")
{
	struct prctl_mm_map m = present();
	int fd = open("/tmp/layout.exe", O_CREAT | O_RDWR | O_TRUNC, 0644);

	CHECK(fd >= 0);
	/* What could not be run is no text file. */
	m.exe_fd = (uint32_t)fd;
	ERR(set_map(&m), EACCES);
	EQ(fchmod(fd, 0755), 0);
	/* What is open for writing neither. */
	if (geteuid() == 0) {
		close(fd);
		fd = open("/tmp/layout.exe", O_RDONLY);
		m.exe_fd = (uint32_t)fd;
		/* And while the program is mapped, nothing is. */
		ERR(set_map(&m), EBUSY);
		m.exe_fd = (uint32_t)open("/tmp", O_RDONLY);
		ERR(set_map(&m), EACCES);
		in_child(do_exe);
	} else
		ERR(set_map(&m), EPERM);
	unlink("/tmp/layout.exe");
}

/* --- names --------------------------------------------------------------------- */

static int
set_name(void *p, long pages, const char *name)
{
	return (prctl(NAME_OP, 0, p, pages * PAGE, name));
}

/* False where the kernel has no names: it must say so. */
static bool
have_names(void)
{
	char *p = memory(1);
	bool yes = set_name(p, 1, "x") == 0;

	if (!yes)
		EQ(errno, EINVAL);
	munmap(p, PAGE);
	return (yes);
}

/* The names between p and p + pages, as "0-2 [anon:x], 2-3 -". */
static const char *
names(const char *p, long pages)
{
	static char out[1024];
	unsigned long start, end;
	char line[512], name[256];
	size_t used = 0;
	FILE *f = fopen("/proc/self/maps", "r");

	out[0] = '\0';
	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL) {
		strcpy(name, "-");
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255[^\n]", &start,
			&end, name) < 2 ||
		    start < (uintptr_t)p || end > (uintptr_t)(p + pages * PAGE))
			continue;
		used += (size_t)snprintf(out + used, sizeof(out) - used,
		    "%s%ld-%ld %s", used > 0 ? ", " : "",
		    ((long)start - (long)p) / PAGE,
		    ((long)end - (long)p) / PAGE, name);
	}
	fclose(f);
	return (out);
}

#define NAMES(p, pages, want)                                                  \
	do {                                                                   \
		const char *_s = names(p, pages);                              \
		if (strcmp(_s, want) != 0)                                     \
			FAIL("\"%s\", not \"%s\"", _s, want);                  \
	} while (0)

/* n pages in a room without rights, so that neighbours are known. */
static char *
in_room(long n)
{
	char *room = mmap(NULL, (size_t)((n + 16) * PAGE), PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(room != MAP_FAILED);
	EQ(mprotect(room + 8 * PAGE, (size_t)(n * PAGE), RW), 0);
	return (room + 8 * PAGE);
}

static void
do_names_child(void)
{
	char *p = in_room(6);

	set_name(p, 6, "of the parent");
	if (fork() == 0) {
		NAMES(p, 6, "0-6 [anon:of the parent]");
		_exit(gtest_failures != 0);
	}
	CHECK(wait(NULL) > 0);
}

GTEST(names, "does the map show names, and are ranges cut and joined by them?")
{
	char *p, *q, *s;

	if (!have_names())
		return;
	p = in_room(6);
	memset(p, 1, 6 * PAGE);
	EQ(set_name(p + PAGE, 2, "heap of one"), 0);
	NAMES(p, 6, "0-1 -, 1-3 [anon:heap of one], 3-6 -");
	EQ(set_name(p + 3 * PAGE, 1, "heap of one"), 0);
	NAMES(p, 6, "0-1 -, 1-4 [anon:heap of one], 4-6 -");
	EQ(set_name(p + 2 * PAGE, 4, "two"), 0);
	NAMES(p, 6, "0-1 -, 1-2 [anon:heap of one], 2-6 [anon:two]");
	s = text_of("/proc/self/smaps");
	CHECK(strstr(s, "[anon:heap of one]\nSize:                  4 kB") !=
	    NULL);
	/* New memory beside it does not join. */
	EQ(munmap(p + 5 * PAGE, PAGE), 0);
	EQ(mmap(p + 5 * PAGE, PAGE, RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
	       -1, 0),
	    p + 5 * PAGE);
	NAMES(p, 6, "0-1 -, 1-2 [anon:heap of one], 2-5 [anon:two], 5-6 -");
	/* It moves with the mapping, and stays with what is left. */
	q = mremap(p + 2 * PAGE, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p + 2 * PAGE);
	NAMES(q, 4, "0-4 [anon:two]");
	EQ(mprotect(q + PAGE, PAGE, PROT_READ), 0);
	NAMES(q, 4, "0-1 [anon:two], 1-2 [anon:two], 2-4 [anon:two]");
	EQ(mprotect(q + PAGE, PAGE, RW), 0);
	NAMES(q, 4, "0-4 [anon:two]");
	s = mremap(q, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | 4);
	CHECK(s != MAP_FAILED);
	NAMES(q, 4, "0-4 [anon:two]");
	NAMES(s, 4, "0-4 [anon:two]");
	/* NULL takes it away; then all is one again. */
	EQ(set_name(q, 4, NULL), 0);
	NAMES(q, 4, "0-4 -");
	EQ(p[0], 1);
	in_child(do_names_child);
}

GTEST(names_checks, "which names and ranges are refused?")
{
	char *p = memory(4), *q, name[100], bad[2] = "?";
	int fd = open("/proc/self/exe", O_RDONLY);

	ERR(prctl(NAME_OP, 1, p, PAGE, "x"), EINVAL);
	if (!have_names())
		return;
	memset(name, 'n', sizeof(name));
	name[79] = '\0';
	EQ(set_name(p, 1, name), 0);
	name[79] = 'n';
	name[80] = '\0';
	ERR(set_name(p, 1, name), EINVAL);
	ERR(set_name(p, 1, (char *)1), EFAULT);
	for (int c = 1; c < 256; c++) {
		int want = c > 0x1f && c < 0x7f && strchr("\\`$[]", c) == NULL
		    ? 0
		    : -1;

		bad[0] = (char)c;
		EQ(set_name(p, 1, bad), want);
	}
	EQ(set_name(p, 1, ""), 0);
	ERR(set_name(p + 1, 1, "x"), EINVAL);
	ERR(prctl(NAME_OP, 0, p, -1L, "x"), EINVAL);
	ERR(prctl(NAME_OP, 0, p, -PAGE, "x"), EINVAL);
	EQ(prctl(NAME_OP, 0, p, 0, "x"), 0);
	EQ(prctl(NAME_OP, 0, p, 1, "page"), 0);
	/* Holes: the rest is named all the same. */
	EQ(munmap(p + PAGE, PAGE), 0);
	ERR(set_name(p, 4, "holes"), ENOMEM);
	NAMES(p, 4, "0-1 [anon:holes], 2-4 [anon:holes]");
	/* A file has a name. */
	q = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(q != MAP_FAILED);
	ERR(set_name(q, 1, "x"), EBADF);
	ERR(set_name(q, 1, NULL), EBADF);
	/* Shared memory that is nobody's. */
	q = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EQ(set_name(q, 1, "ours"), 0);
	NAMES(q, 1, "0-1 [anon_shmem:ours]");
}
