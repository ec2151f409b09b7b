/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often each system call was refused, since boot: a line "ABI NAME COUNT"
 * for each that was.  The boundary counts (kern_trap.c); a call that succeeds
 * costs nothing.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>

#define TEXT_MAX (32 * 1024)

static const struct abi *const abis[] = {&abi_native, &abi_linux64};

/* The lines, as many as fit size bytes with a NUL; their length. */
static size_t
failures_text(char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < nitems(abis); i++)
		for (uint32_t nr = 0; nr < abis[i]->abi_nsys; nr++) {
			uint32_t n = atomic_load(&abis[i]->abi_failures[nr]);
			int more;

			if (n == 0)
				continue;
			more = ksnprintf(buf + len, size - len, "%s %s %u\n",
			    abis[i]->abi_name, abis[i]->abi_sysent[nr].se_name,
			    n);
			if (more < 0 || (size_t)more >= size - len) {
				buf[len] = '\0';
				return (len);
			}
			len += (size_t)more;
		}
	return (len);
}

static int
failures_sysctl(const struct sysctl_entry *e, struct sysctl_req *req)
{
	char *buf = kmalloc(TEXT_MAX, M_TEMP, M_WAITOK);
	int error;

	if (buf == NULL)
		return (ENOMEM);
	error = sysctl_out(req, buf, failures_text(buf, TEXT_MAX) + 1);
	kfree(buf, M_TEMP);
	return (error);
}
SYSCTL_PROC(syscall_failures, "kern.syscall_failures", CTL_STRING, CTLF_RD,
    failures_sysctl, "System calls that ended with an error, by name");

static void
failures_show(const char *arg __unused)
{
	for (size_t i = 0; i < nitems(abis); i++)
		for (uint32_t nr = 0; nr < abis[i]->abi_nsys; nr++)
			if (abis[i]->abi_failures[nr] != 0)
				kprintf("%s %s %u\n", abis[i]->abi_name,
				    abis[i]->abi_sysent[nr].se_name,
				    abis[i]->abi_failures[nr]);
}
DDB_COMMAND(failures, "show failures", failures_show,
    "system calls that were refused, by name");
