/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What file systems made of constant tables share: procfs itself, sysfs and
 * tracefs.
 *
 * A directory is a table of procfs_entry, and may have numbered children
 * besides (procfs_dynamic).  Tables live for ever.  A generator (pe_gen) may
 * sleep, holds no spin lock while it writes text, and reports what went wrong
 * as an errno; running out of memory is remembered in the text.
 */
#ifndef VFS_PROCFS_H
#define VFS_PROCFS_H

#include <sys/types.h>
#include <sys/lock.h>
#include <sys/vnode.h>

struct file;
struct proc;
struct procfs_node;
struct uio;

/* --- text that grows (procfs_text.c) ------------------------------------------ */

struct procfs_text {
	char *pt_buf;
	size_t pt_len, pt_cap;
	int pt_error; /* ENOMEM, EFBIG: later writes do nothing */
};
void text_init(struct procfs_text *t);
void text_free(struct procfs_text *t);
void text_write(struct procfs_text *t, const void *p, size_t len);
void text_printf(struct procfs_text *t, const char *fmt, ...)
    __printflike(2, 3);
/* Blanks, tabs, newlines and backslashes as octal: the fields of mounts. */
void text_escaped(struct procfs_text *t, const char *s);

/* --- entries --------------------------------------------------------------------- */

enum procfs_type {
	PE_DIR,
	PE_FILE,
	PE_LINK
};

/* What identifies a child; pk_proc is held and moves to the node. */
struct procfs_key {
	const struct procfs_entry *pk_entry;
	struct proc *pk_proc;
	pid_t pk_tid;
	int pk_fd;
};

/* Children that no table lists: processes, threads, descriptors. */
struct procfs_dynamic {
	const char *pd_prefix; /* names are this and a number; NULL: "" */
	int (*pd_lookup)(struct procfs_node *dir, uint64_t number,
	    struct procfs_key *key); /* 0, ENOENT */
	/* The first child >= *numberp: 0 or ENOENT. */
	int (*pd_next)(struct procfs_node *dir, uint64_t *numberp);
	const struct procfs_entry *pd_entry;
};

struct procfs_entry {
	const char *pe_name;
	enum procfs_type pe_type;
	mode_t pe_mode;
	gid_t pe_gid; /* of what is no process's */
	uint32_t pe_flags;
	/* Contents of a file, or text of a link. */
	int (*pe_gen)(struct procfs_node *pn, struct procfs_text *t);
	int (*pe_write)(struct procfs_node *pn, char *text, size_t len);
	/* Instead of both: reads and writes at the file's offsets. */
	int (*pe_rw)(struct procfs_node *pn, struct uio *uio);
	int (*pe_follow)(struct procfs_node *pn, struct path **pp);
	int (*pe_follow_file)(struct procfs_node *pn, struct file **fpp);
	const struct procfs_entry *pe_children;
	size_t pe_nchildren;
	const struct procfs_dynamic *pe_dynamic;
	const void *pe_arg; /* for pe_gen */
};
#define PEF_PRIVATE 0x1 /* only who may trace the process: else EACCES */

#define PE_TABLE(t) .pe_children = (t), .pe_nchildren = nitems(t)

/* Rows of tables: a file that gen writes, one with a text, a folder. */
#define GEN_FILE(n, gen)                                                       \
	{                                                                      \
		.pe_name = n, .pe_type = PE_FILE, .pe_mode = 0444,             \
		.pe_gen = (gen)                                                \
	}
#define TEXT_FILE(n, text)                                                     \
	{                                                                      \
		.pe_name = n, .pe_type = PE_FILE, .pe_mode = 0444,             \
		.pe_gen = procfs_constant, .pe_arg = (text)                    \
	}
#define SUBDIR(n, table)                                                       \
	{                                                                      \
		.pe_name = n, .pe_type = PE_DIR, .pe_mode = 0555,              \
		PE_TABLE(table)                                                \
	}

/* A pe_gen: pe_arg as it is. */
int procfs_constant(struct procfs_node *pn, struct procfs_text *t);

/* What a vnode stands for: an entry, of a process or of a numbered folder. */
struct procfs_node {
	const struct procfs_entry *pn_entry; /* (c) */
	struct proc *pn_proc;		     /* (c) held, or NULL */
	pid_t pn_tid;			     /* (c) 0: the process */
	int pn_fd;			     /* (c) the numbered folder's */
	struct lock pn_lock;		     /* texts of open files */
};

/* For file systems of the same kind (sysfs): vfsops, and a root vnode. */
int procfs_mount(struct mount *mp, const char *from, const char *options);
int procfs_unmount(struct mount *mp, bool force);
int procfs_mount_root(
    struct mount *mp, const struct procfs_entry *root, struct vnode **vpp);
int procfs_statfs(struct mount *mp, struct statfs *sf);

#endif
