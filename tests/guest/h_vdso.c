/* SPDX-License-Identifier: BSD-2-Clause */
/* The vDSO: found as C libraries find it, and what its functions say. */
#include "gtest.h"
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- looking symbols up by version, with the old hash table ------------------ */

struct vdso {
	const char *base, *strings;
	const Elf64_Sym *syms;
	const uint32_t *hash;
	const uint16_t *versym;
	const Elf64_Verdef *verdef;
};

static bool
vdso_open(struct vdso *v)
{
	const Elf64_Ehdr *eh = (void *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Phdr *ph;
	const Elf64_Dyn *d = NULL;

	memset(v, 0, sizeof(*v));
	if (eh == NULL || memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh->e_type != ET_DYN)
		return (false);
	v->base = (const char *)eh;
	ph = (const void *)(v->base + eh->e_phoff);
	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			d = (const void *)(v->base + ph[i].p_offset);
	for (; d != NULL && d->d_tag != DT_NULL; d++) {
		const void *p = v->base + d->d_un.d_ptr;

		switch (d->d_tag) {
		case DT_STRTAB:
			v->strings = p;
			break;
		case DT_SYMTAB:
			v->syms = p;
			break;
		case DT_HASH:
			v->hash = p;
			break;
		case DT_VERSYM:
			v->versym = p;
			break;
		case DT_VERDEF:
			v->verdef = p;
			break;
		}
	}
	/* Linux of late leaves DT_HASH out; ours has it for old libraries. */
	return (v->strings != NULL && v->syms != NULL && v->versym != NULL &&
	    v->verdef != NULL);
}

static bool
version_is(const struct vdso *v, uint16_t ver, const char *name)
{
	const Elf64_Verdef *vd = v->verdef;

	for (;;) {
		const Elf64_Verdaux *aux =
		    (const void *)((const char *)vd + vd->vd_aux);

		if ((vd->vd_flags & VER_FLG_BASE) == 0 &&
		    vd->vd_ndx == (ver & 0x7fff))
			return (strcmp(v->strings + aux->vda_name, name) == 0);
		if (vd->vd_next == 0)
			return (false);
		vd = (const void *)((const char *)vd + vd->vd_next);
	}
}

/* The symbol table ends where the string table begins, in both kernels'. */
static void *
vdso_sym(const struct vdso *v, const char *name)
{
	size_t n =
	    ((size_t)(v->strings - (const char *)v->syms)) / sizeof(Elf64_Sym);

	for (size_t i = 1; i < n; i++)
		if (ELF64_ST_TYPE(v->syms[i].st_info) == STT_FUNC &&
		    v->syms[i].st_shndx != SHN_UNDEF &&
		    strcmp(v->strings + v->syms[i].st_name, name) == 0 &&
		    version_is(v, v->versym[i], "LINUX_2.6"))
			return (
			    (void *)(uintptr_t)(v->base + v->syms[i].st_value));
	return (NULL);
}

typedef int (*gettime_t)(int, struct timespec *);

static gettime_t
gettime(void)
{
	struct vdso v;

	if (!vdso_open(&v))
		return (NULL);
	return ((gettime_t)vdso_sym(&v, "__vdso_clock_gettime"));
}

static int64_t
ns(const struct timespec *ts)
{
	return (ts->tv_sec * 1000000000L + ts->tv_nsec);
}

static bool
on_mayfly(void)
{
	struct utsname u;

	return (uname(&u) == 0 && strstr(u.release, "mayfly") != NULL);
}

/* The line of /proc/self/maps that ends in name: its range and rights. */
static bool
find_map(
    const char *name, unsigned long *start, unsigned long *end, char *rights)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	bool found = false;

	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
		found = strstr(line, name) != NULL &&
		    sscanf(line, "%lx-%lx %4s", start, end, rights) == 3;
	if (f != NULL)
		fclose(f);
	return (found);
}

/* --- cases ---------------------------------------------------------------------- */

GTEST(symbols, "are all functions there, with version LINUX_2.6?")
{
	static const char *const names[] = {"__vdso_clock_gettime",
	    "__vdso_gettimeofday", "__vdso_time", "__vdso_getcpu",
	    "__vdso_clock_getres", "clock_gettime", "gettimeofday", "time",
	    "getcpu", "clock_getres"};
	struct vdso v;

	CHECK(vdso_open(&v));
	for (size_t i = 0; v.base != NULL && i < 10; i++)
		if (vdso_sym(&v, names[i]) == NULL)
			FAIL("no %s", names[i]);
	CHECK(vdso_sym(&v, "no_such_name") == NULL);
	if (on_mayfly())
		CHECK(v.hash != NULL);
}

GTEST(maps, "do [vdso] and [vvar] stand in maps, with the right rights?")
{
	unsigned long start, end, ehdr = getauxval(AT_SYSINFO_EHDR);
	char rights[8];

	CHECK(find_map("[vdso]", &start, &end, rights));
	CHECK(start == ehdr);
	CHECK(strcmp(rights, "r-xp") == 0);
	CHECK(find_map("[vvar]", &start, &end, rights));
	CHECK(strcmp(rights, "r--p") == 0);
	CHECK(end <= ehdr);
}

GTEST(agrees, "do vDSO and system call show one clock that never runs back?")
{
	static const int clocks[] = {
	    CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};
	gettime_t get = gettime();
	struct timespec a, b;
	int back = 0;

	if (get == NULL) {
		FAIL("no vDSO");
		return;
	}
	for (int c = 0; c < 3; c++)
		for (int i = 0; i < 5000; i++) {
			CHECK(get(clocks[c], &a) == 0);
			CHECK(syscall(SYS_clock_gettime, clocks[c], &b) == 0);
			back += ns(&b) < ns(&a);
			CHECK(get(clocks[c], &a) == 0);
			back += ns(&a) < ns(&b);
		}
	EQ(back, 0);
}

static _Atomic int64_t latest;
static _Atomic int went_back;

static void *
watch(void *arg)
{
	gettime_t get = gettime();
	struct timespec ts;

	for (int i = 0; i < 200000; i++) {
		int64_t seen = latest, now;

		if (i % 512 == 0)
			syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
		else
			get(CLOCK_MONOTONIC, &ts);
		now = ns(&ts);
		if (now < seen)
			went_back++;
		while (seen < now &&
		    !__atomic_compare_exchange_n(
			&latest, &seen, now, true, 5, 5))
			;
	}
	return (arg);
}

GTEST(threads, "does no thread see a time before one that another has seen?")
{
	pthread_t t[3];

	if (gettime() == NULL) {
		FAIL("no vDSO");
		return;
	}
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, watch, NULL) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	EQ(went_back, 0);
}

GTEST(settime, "does the vDSO follow a clock that is set?")
{
	gettime_t get = gettime();
	struct timespec before, set, after;

	if (!on_mayfly())
		return; /* the host's clock stays as it is */
	if (get == NULL) {
		FAIL("no vDSO");
		return;
	}
	for (int i = 0; i < 50; i++) {
		CHECK(get(CLOCK_REALTIME, &before) == 0);
		set = before;
		set.tv_sec += i % 2 == 0 ? 100000 : -100000;
		CHECK(clock_settime(CLOCK_REALTIME, &set) == 0);
		CHECK(get(CLOCK_REALTIME, &after) == 0);
		CHECK(ns(&after) >= ns(&set));
		CHECK(after.tv_sec < set.tv_sec + 1000);
		CHECK(syscall(SYS_clock_gettime, CLOCK_REALTIME, &set) == 0);
		CHECK(ns(&set) >= ns(&after));
	}
}

GTEST(children, "do a forked and an executed program have it, too?")
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct timespec ts;
		gettime_t get = gettime();

		if (get == NULL || get(CLOCK_MONOTONIC, &ts) != 0)
			_exit(1);
		execl("/proc/self/exe", "h_vdso", "symbols", NULL);
		_exit(2);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	EQ(status, 0);
}

GTEST(others, "are gettimeofday, time, getres and getcpu right?")
{
	struct vdso v;
	int (*tod)(struct timeval *, int *);
	long (*tim)(int64_t *);
	int (*res)(int, struct timespec *);
	int (*cpu)(unsigned *, unsigned *, void *);
	struct timeval a, b;
	struct timespec r, s;
	unsigned c = 4096, n = 4096;
	int64_t t;
	int tz[2] = {7, 7};

	if (!vdso_open(&v)) {
		FAIL("no vDSO");
		return;
	}
	tod = (int (*)(struct timeval *, int *))vdso_sym(
	    &v, "__vdso_gettimeofday");
	tim = (long (*)(int64_t *))vdso_sym(&v, "__vdso_time");
	res = (gettime_t)vdso_sym(&v, "__vdso_clock_getres");
	cpu = (int (*)(unsigned *, unsigned *, void *))vdso_sym(
	    &v, "__vdso_getcpu");
	CHECK(tod(&a, tz) == 0);
	CHECK(tz[0] == 0 && tz[1] == 0);
	CHECK(syscall(SYS_gettimeofday, &b, NULL) == 0);
	CHECK(timercmp(&a, &b, <=));
	CHECK(a.tv_usec >= 0 && a.tv_usec < 1000000);
	CHECK(tod(NULL, NULL) == 0);
	EQ(tim(&t), t);
	CHECK(t >= a.tv_sec);
	CHECK(tim(NULL) >= t);
	CHECK(res(CLOCK_MONOTONIC, &r) == 0);
	CHECK(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &s) == 0);
	EQ(ns(&r), ns(&s));
	CHECK(res(CLOCK_REALTIME, NULL) == 0);
	CHECK(cpu(&c, &n, NULL) == 0);
	CHECK(c < (unsigned)sysconf(_SC_NPROCESSORS_CONF));
	EQ(n, 0);
	CHECK(cpu(NULL, NULL, NULL) == 0);
}

GTEST(odd_clocks, "what of CPU clocks, clocks that are not, bad pointers?")
{
	gettime_t get = gettime();
	struct timespec ts, s;

	if (get == NULL) {
		FAIL("no vDSO");
		return;
	}
	CHECK(get(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0);
	CHECK(get(CLOCK_THREAD_CPUTIME_ID, &ts) == 0);
	EQ(get(99, &ts), -EINVAL);
	EQ(get(31, &ts), -EINVAL);
	EQ(get(10, &ts), -EINVAL);
	CHECK(get(CLOCK_TAI, &ts) == 0);
	CHECK(get(CLOCK_MONOTONIC_RAW, &ts) == 0);
	CHECK(get(CLOCK_REALTIME_COARSE, &ts) == 0);
	CHECK(get(CLOCK_MONOTONIC_COARSE, &ts) == 0);
	CHECK(get(CLOCK_BOOTTIME, &ts) == 0);
	CHECK(syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &s) == 0);
	CHECK(ns(&s) >= ns(&ts));
}

GTEST(cpus, "do the vDSO's getcpu and the system call agree?")
{
	struct vdso v;
	int (*cpu)(unsigned *, unsigned *, void *);
	unsigned before, c, after;
	bool same = false;

	if (!vdso_open(&v)) {
		FAIL("no vDSO");
		return;
	}
	cpu = (int (*)(unsigned *, unsigned *, void *))vdso_sym(
	    &v, "__vdso_getcpu");
	/* The thread may be moved in between: not every time. */
	for (int i = 0; i < 1000 && !same; i++) {
		CHECK(syscall(SYS_getcpu, &before, NULL, NULL) == 0);
		CHECK(cpu(&c, NULL, NULL) == 0);
		CHECK(syscall(SYS_getcpu, &after, NULL, NULL) == 0);
		same = before == c && c == after;
	}
	CHECK(same);
}

GTEST(readonly, "is the clock's page out of the program's reach?")
{
	unsigned long start, end;
	char rights[8];
	int status;
	pid_t pid;

	CHECK(find_map("[vvar]", &start, &end, rights));
	ERR(mprotect((void *)start, 4096, PROT_READ | PROT_WRITE), EACCES);
	if ((pid = fork()) == 0) {
		*(volatile int *)start = 1;
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

GTEST(breakpoint, "is a change of the code the changer's own?")
{
	unsigned char *code = (unsigned char *)(uintptr_t)gettime();
	struct timespec ts;
	int status;
	pid_t pid;

	if (code == NULL) {
		FAIL("no vDSO");
		return;
	}
	if ((pid = fork()) == 0) {
		void *page = (void *)((uintptr_t)code & ~4095UL);

		if (mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) !=
		    0)
			_exit(1);
		*code = 0xcc;
		(void)gettime()(CLOCK_MONOTONIC, &ts);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (!on_mayfly() && WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return; /* newer Linux can seal it */
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP);
	CHECK(gettime()(CLOCK_MONOTONIC, &ts) == 0);
}
