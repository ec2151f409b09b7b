/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs: sysvipc/, a table of each kind of System V object, in the columns that
 * ipcs reads; and sys/kernel/sem, four limits in a row.
 */
#include <sys/systm.h>
#include <sys/sysvipc.h>

#include "procfs_var.h"

/* Slots are walked by number: what comes and goes meanwhile may be missed. */
#define STAT_HOW (IPC_BY_INDEX | IPC_ANYBODY)

static int
sysvipc_shm(struct procfs_node *pn, struct procfs_text *t)
{
	struct shm_totals tot;
	struct shm_status st;

	text_printf(t,
	    "       key      shmid perms                  size  cpid  lpid "
	    "nattch   uid   gid  cuid  cgid      atime      dtime      ctime"
	    "                   rss                  swap\n");
	kern_shm_totals(&tot);
	for (int i = 0; i <= tot.highest; i++) {
		if (kern_shm_stat(i, STAT_HOW, &st) != 0)
			continue;
		text_printf(t,
		    "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u "
		    "%10lu %10lu %10lu %21lu %21lu\n",
		    st.perm.key, st.perm.id, st.perm.mode, st.size,
		    (unsigned)st.cpid, (unsigned)st.lpid, st.nattch,
		    st.perm.uid, st.perm.gid, st.perm.cuid, st.perm.cgid,
		    (uint64_t)st.atime, (uint64_t)st.dtime, (uint64_t)st.ctime,
		    ptoa(st.resident), 0UL);
	}
	return (0);
}

static int
sysvipc_sem(struct procfs_node *pn, struct procfs_text *t)
{
	struct sem_totals tot;
	struct sem_status st;

	text_printf(t,
	    "       key      semid perms      nsems   uid   gid  cuid  cgid"
	    "      otime      ctime\n");
	kern_sem_totals(&tot);
	for (int i = 0; i <= tot.highest; i++) {
		if (kern_sem_stat(i, STAT_HOW, &st) != 0)
			continue;
		text_printf(t,
		    "%10d %10d  %4o %10lu %5u %5u %5u %5u %10lu %10lu\n",
		    st.perm.key, st.perm.id, st.perm.mode, st.nsems,
		    st.perm.uid, st.perm.gid, st.perm.cuid, st.perm.cgid,
		    (uint64_t)st.otime, (uint64_t)st.ctime);
	}
	return (0);
}

static int
sysvipc_msg(struct procfs_node *pn, struct procfs_text *t)
{
	struct msg_totals tot;
	struct msg_status st;

	text_printf(t,
	    "       key      msqid perms      cbytes       qnum lspid lrpid"
	    "   uid   gid  cuid  cgid      stime      rtime      ctime\n");
	kern_msg_totals(&tot);
	for (int i = 0; i <= tot.highest; i++) {
		if (kern_msg_stat(i, STAT_HOW, &st) != 0)
			continue;
		text_printf(t,
		    "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u "
		    "%10lu %10lu %10lu\n",
		    st.perm.key, st.perm.id, st.perm.mode, st.bytes, st.count,
		    (unsigned)st.lspid, (unsigned)st.lrpid, st.perm.uid,
		    st.perm.gid, st.perm.cuid, st.perm.cgid, (uint64_t)st.stime,
		    (uint64_t)st.rtime, (uint64_t)st.ctime);
	}
	return (0);
}

/* per set, in all, operations of a call, sets */
int
procfs_sem_limits(struct procfs_node *pn, struct procfs_text *t)
{
	struct sem_totals tot;

	kern_sem_totals(&tot);
	text_printf(t, "%d\t%d\t%d\t%d\n", tot.max_per_set, tot.max_sems,
	    tot.max_ops, tot.max_sets);
	return (0);
}

/* Up to four numbers; those that are not given stay. */
int
procfs_sem_limits_set(struct procfs_node *pn, char *text, size_t len)
{
	struct sem_totals tot;
	char *s = text, *end = text + len;
	int64_t value;
	int limits[4];

	kern_sem_totals(&tot);
	limits[0] = tot.max_per_set;
	limits[1] = tot.max_sems;
	limits[2] = tot.max_ops;
	limits[3] = tot.max_sets;
	for (int i = 0; i < 4; i++) {
		char *word;

		while (s < end && (*s == ' ' || *s == '\t' || *s == '\n'))
			s++;
		if (s == end || *s == '\0')
			break;
		for (word = s; s < end && *s != ' ' && *s != '\t' &&
		     *s != '\n' && *s != '\0';)
			s++;
		if (s < end)
			*s++ = '\0';
		if (kstrtoi64(word, 10, &value) != 0 || value > INT32_MAX)
			return (EINVAL);
		limits[i] = (int)value;
	}
	return (kern_sem_limits_set(limits));
}

const struct procfs_entry procfs_sysvipc_table[PROCFS_SYSVIPC_COUNT] = {
    GEN_FILE("shm", sysvipc_shm),
    GEN_FILE("sem", sysvipc_sem),
    GEN_FILE("msg", sysvipc_msg),
};
