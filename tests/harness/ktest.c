/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs one kernel test body and leaves the machine with its verdict. */
#include <sys/boot.h>
#include <sys/ktest.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/thread.h>
#include <sys/vnode.h>

SET_DECLARE(ktests, struct ktest);

static int failures;

void
ktest_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	__atomic_add_fetch(&failures, 1, __ATOMIC_SEQ_CST);
	kprintf("ktest: %s:%d: ", file, line);
	va_start(ap, fmt);
	kvprintf(fmt, ap);
	va_end(ap);
	kprintf("\n");
}

static void
run(void *arg)
{
	const struct ktest *kt = arg;

	malloc_mark();
	KTR_EVENT(TEST, begin, "case=%s", KTRS(kt->kt_name));
	kt->kt_func();
	KTR_EVENT(TEST, end, "case=%s failures=%d", KTRS(kt->kt_name),
	    (uint64_t)failures);
	if (failures != 0)
		ktr_tail();
	machine_halt(RB_HALT, failures == 0 ? 0 : 1);
}

/* A body mounts what it wants itself. */
static void
ktest_choose(void)
{
	vfs_root_unwanted = boot_option("ktest") != NULL;
}
SYSINIT(ktest_choose, SI_ROOT - 2, ktest_choose);

static void
ktest_start(void)
{
	const char *name = boot_option("ktest");
	const struct ktest *kt;
	struct thread *td;

	if (name == NULL)
		return;
	SET_FOREACH(kt, ktests) {
		if (strcmp(kt->kt_name, name) != 0)
			continue;
		td = thread_create(
		    run, (void *)(uintptr_t)kt, TDPRI_KERN, "ktest");
		thread_start(td, NULL);
		thread_exit(); /* instead of init */
	}
	kprintf("ktest: no test named %s\n", name);
	machine_halt(RB_HALT, EXIT_USAGE);
}
SYSINIT(ktest, SI_SMP + 3, ktest_start);
