/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs: sys/, Linux's names for variables.  A file either shows one of our
 * sysctl entries (pe_arg: its name), which root may write where the entry
 * allows, or a number that is constant here.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include <sys/version.h>

#include "procfs_var.h"

#define SYS_VALUE_MAX 256

/* --- files that show a sysctl entry ------------------------------------------------ */

static int
sys_gen(struct procfs_node *pn, struct procfs_text *t)
{
	const struct sysctl_entry *e = sysctl_find(pn->pn_entry->pe_arg);
	union {
		char text[SYS_VALUE_MAX];
		int32_t i32;
		uint32_t u32;
		int64_t i64;
	} v = {""};
	struct sysctl_req req = {.sr_old = &v, .sr_oldmax = sizeof(v)};
	int error;

	if (e == NULL)
		return (ENOENT);
	error = sysctl_access(e->sc_name, &req);
	if (error != 0)
		return (error);
	if (e->sc_type == CTL_STRING)
		text_printf(t, "%s\n", v.text);
	else if (e->sc_type == CTL_INT)
		text_printf(t, "%d\n", v.i32);
	else if (e->sc_type == CTL_UINT)
		text_printf(t, "%u\n", v.u32);
	else if (e->sc_type == CTL_U64)
		text_printf(t, "%lu\n", (uint64_t)v.i64);
	else
		text_printf(t, "%ld\n", v.i64);
	return (0);
}

static int
sys_write(struct procfs_node *pn, char *text, size_t len)
{
	const struct sysctl_entry *e = sysctl_find(pn->pn_entry->pe_arg);
	struct sysctl_req req = {.sr_new = text};
	int64_t value;
	int error;

	if (e == NULL)
		return (ENOENT);
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
		text[--len] = '\0';
	req.sr_newlen = len + 1;
	if (e->sc_type != CTL_STRING) {
		error = e->sc_type == CTL_U64
		    ? kstrtou64(text, 10, (uint64_t *)&value)
		    : kstrtoi64(text, 10, &value);
		if (error != 0)
			return (EINVAL);
		req.sr_new = &value;
		req.sr_newlen = sizeof(value);
	}
	return (sysctl_access(e->sc_name, &req));
}

/* --- identity ---------------------------------------------------------------------------- */

static int
sys_ostype(struct procfs_node *pn, struct procfs_text *t)
{
	const struct abi *abi = curproc != NULL ? curproc->p_abi : NULL;

	text_printf(t, "%s\n",
	    abi != NULL && abi->abi_sysname != NULL ? abi->abi_sysname
						    : kern_ostype);
	return (0);
}

static int
sys_osrelease(struct procfs_node *pn, struct procfs_text *t)
{
	const struct abi *abi = curproc != NULL ? curproc->p_abi : NULL;

	text_printf(t, "%s\n",
	    abi != NULL && abi->abi_release != NULL ? abi->abi_release
						    : kern_osrelease);
	return (0);
}

/* A version 4 UUID (RFC 4122) of 16 random bytes. */
static void
sys_uuid_text(const uint8_t random[16], struct procfs_text *t)
{
	for (int i = 0; i < 16; i++) {
		uint8_t b = random[i];

		if (i == 6)
			b = (b & 0x0f) | 0x40;
		if (i == 8)
			b = (b & 0x3f) | 0x80;
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text_printf(t, "-");
		text_printf(t, "%02x", b);
	}
	text_printf(t, "\n");
}

static int
sys_uuid(struct procfs_node *pn, struct procfs_text *t)
{
	uint8_t random[16];

	random_bytes(random, sizeof(random));
	sys_uuid_text(random, t);
	return (0);
}

LOCK_DEFINE(sys_boot_id_lock, "bootid");
static uint8_t sys_boot_id_bytes[16]; /* (sys_boot_id_lock) */
static bool sys_boot_id_made;	      /* (sys_boot_id_lock) */

static int
sys_boot_id(struct procfs_node *pn, struct procfs_text *t)
{
	lock_excl(&sys_boot_id_lock);
	if (!sys_boot_id_made) {
		random_bytes(sys_boot_id_bytes, sizeof(sys_boot_id_bytes));
		sys_boot_id_made = true;
	}
	sys_uuid_text(sys_boot_id_bytes, t);
	lock_release(&sys_boot_id_lock);
	return (0);
}

/* allocated, unused, maximum */
static int
sys_file_nr(struct procfs_node *pn, struct procfs_text *t)
{
	int32_t now = 0, max = 0;
	struct sysctl_req rnow = {.sr_old = &now, .sr_oldmax = sizeof(now)};
	struct sysctl_req rmax = {.sr_old = &max, .sr_oldmax = sizeof(max)};

	(void)sysctl_access("kern.openfiles", &rnow);
	(void)sysctl_access("kern.maxfiles", &rmax);
	text_printf(t, "%d\t0\t%d\n", now, max);
	return (0);
}

/* --- the tables ----------------------------------------------------------------------------- */

#define VAR_FILE(n, var, m)                                                    \
	{                                                                      \
		.pe_name = n, .pe_type = PE_FILE, .pe_mode = (m),              \
		.pe_gen = sys_gen, .pe_write = sys_write, .pe_arg = (var)      \
	}

static const struct procfs_entry sys_random_table[] = {
    GEN_FILE("uuid", sys_uuid),
    GEN_FILE("boot_id", sys_boot_id),
    TEXT_FILE("entropy_avail", "256\n"),
    TEXT_FILE("poolsize", "256\n"),
};

static const struct procfs_entry sys_kernel_table[] = {
    VAR_FILE("hostname", "kern.hostname", 0644),
    VAR_FILE("domainname", "kern.domainname", 0644),
    GEN_FILE("osrelease", sys_osrelease),
    GEN_FILE("ostype", sys_ostype),
    VAR_FILE("version", "kern.version", 0444),
    TEXT_FILE("pid_max", STRINGIFY(PID_MAX) "\n"),
    VAR_FILE("threads-max", "kern.maxproc", 0444),
    TEXT_FILE("ngroups_max", STRINGIFY(NGROUPS_MAX) "\n"),
    TEXT_FILE("cap_last_cap", STRINGIFY(CAP_LAST) "\n"),
    TEXT_FILE("overflowuid", "65534\n"),
    TEXT_FILE("overflowgid", "65534\n"),
    TEXT_FILE("printk", "4\t4\t1\t7\n"),
    TEXT_FILE("core_pattern", "core\n"),
    TEXT_FILE("core_uses_pid", "0\n"),
    TEXT_FILE("randomize_va_space", "2\n"),
    TEXT_FILE("panic", "0\n"),
    VAR_FILE("shmmax", "kern.ipc.shmmax", 0644),
    VAR_FILE("shmall", "kern.ipc.shmall", 0644),
    VAR_FILE("shmmni", "kern.ipc.shmmni", 0644),
    TEXT_FILE("shm_rmid_forced", "0\n"),
    VAR_FILE("msgmax", "kern.ipc.msgmax", 0644),
    VAR_FILE("msgmnb", "kern.ipc.msgmnb", 0644),
    VAR_FILE("msgmni", "kern.ipc.msgmni", 0644),
    {.pe_name = "sem",
	.pe_type = PE_FILE,
	.pe_mode = 0644,
	.pe_gen = procfs_sem_limits,
	.pe_write = procfs_sem_limits_set},
    SUBDIR("random", sys_random_table),
};

static const struct procfs_entry sys_vm_table[] = {
    TEXT_FILE("overcommit_memory", "1\n"),
    TEXT_FILE("overcommit_ratio", "50\n"),
    TEXT_FILE("max_map_count", "65530\n"),
    TEXT_FILE("swappiness", "0\n"),
    TEXT_FILE("mmap_min_addr", "65536\n"),
    TEXT_FILE("drop_caches", "0\n"),
};

static const struct procfs_entry sys_mqueue_table[] = {
    VAR_FILE("queues_max", "kern.mqueue.queues_max", 0644),
    VAR_FILE("msg_max", "kern.mqueue.msg_max", 0644),
    VAR_FILE("msgsize_max", "kern.mqueue.msgsize_max", 0644),
    VAR_FILE("msg_default", "kern.mqueue.msg_default", 0644),
    VAR_FILE("msgsize_default", "kern.mqueue.msgsize_default", 0644),
};

static const struct procfs_entry sys_fs_table[] = {
    SUBDIR("mqueue", sys_mqueue_table),
    VAR_FILE("aio-max-nr", "kern.aio.max_nr", 0644),
    VAR_FILE("aio-nr", "kern.aio.nr", 0444),
    VAR_FILE("file-max", "kern.maxfiles", 0644),
    GEN_FILE("file-nr", sys_file_nr),
    TEXT_FILE("nr_open", "1048576\n"),
    VAR_FILE("lease-break-time", "kern.lease_break_time", 0644),
    VAR_FILE("leases-enable", "kern.leases_enable", 0644),
    VAR_FILE("mount-max", "kern.mount_max", 0644),
    VAR_FILE("pipe-max-size", "kern.ipc.pipe_max_size", 0644),
    TEXT_FILE("suid_dumpable", "0\n"),
    TEXT_FILE("protected_symlinks", "0\n"),
    TEXT_FILE("protected_hardlinks", "0\n"),
};

static const struct procfs_entry sys_net_core_table[] = {
    TEXT_FILE("somaxconn", "128\n"),
};

static const struct procfs_entry sys_net_table[] = {
    SUBDIR("core", sys_net_core_table),
};

const struct procfs_entry procfs_sys_table[PROCFS_SYS_COUNT] = {
    SUBDIR("kernel", sys_kernel_table),
    SUBDIR("vm", sys_vm_table),
    SUBDIR("fs", sys_fs_table),
    SUBDIR("net", sys_net_table),
};
