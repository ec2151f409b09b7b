/* SPDX-License-Identifier: BSD-2-Clause */
/* procfs: PID/fd and PID/fdinfo, the open files of a process. */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/proc.h>

#include "procfs_var.h"

/* The table of p, held; NULL: it exited. */
struct filedesc *
procfs_filedesc(struct proc *p)
{
	struct filedesc *fdt;

	spin_lock(&p->p_spin);
	fdt = p->p_fd;
	if (fdt != NULL)
		filedesc_hold(fdt);
	spin_unlock(&p->p_spin);
	return (fdt);
}

/* The first open descriptor >= *fdp: its file held.  ENOENT. */
static int
fd_next(struct proc *p, int *fdp, struct file **fpp, int *fdflagsp)
{
	struct filedesc *fdt = procfs_filedesc(p);
	int error;

	if (fdt == NULL)
		return (ENOENT);
	error = filedesc_next(fdt, fdp, fpp, fdflagsp);
	filedesc_drop(fdt);
	return (error);
}

/* The file of exactly fd, held.  ENOENT. */
static int
fd_file(struct proc *p, int fd, struct file **fpp, int *fdflagsp)
{
	int found = fd;
	int error;

	error = fd_next(p, &found, fpp, fdflagsp);
	if (error == 0 && found != fd) {
		file_drop(*fpp);
		error = ENOENT;
	}
	return (error);
}

static int
fd_dir_next(struct procfs_node *dir, uint64_t *numberp)
{
	struct file *fp;
	int fd = (int)*numberp, fdflags, error;

	if (*numberp > INT32_MAX)
		return (ENOENT);
	error = fd_next(dir->pn_proc, &fd, &fp, &fdflags);
	if (error != 0)
		return (error);
	file_drop(fp);
	*numberp = (uint64_t)fd;
	return (0);
}

static int
fd_dir_lookup(struct procfs_node *dir, uint64_t number, struct procfs_key *key,
    const struct procfs_entry *entry)
{
	struct file *fp;
	int fdflags, error;

	error = procfs_may_inspect(dir->pn_proc);
	if (error != 0)
		return (error);
	error = fd_file(dir->pn_proc, (int)number, &fp, &fdflags);
	if (error != 0)
		return (error);
	file_drop(fp);
	proc_hold(dir->pn_proc);
	key->pk_proc = dir->pn_proc;
	key->pk_fd = (int)number;
	key->pk_entry = entry;
	return (0);
}

/* --- fd/N: a link to the open file --------------------------------------------- */

static int
fd_link_text(struct procfs_node *pn, struct procfs_text *t)
{
	struct file *fp;
	struct procfs_text name;
	int fdflags, error;

	error = fd_file(pn->pn_proc, pn->pn_fd, &fp, &fdflags);
	if (error != 0)
		return (error);
	text_init(&name);
	text_printf(&name, "%*s", PATH_MAX, "");
	error = name.pt_error;
	if (error == 0) {
		file_name(fp, name.pt_buf, PATH_MAX);
		text_write(t, name.pt_buf, strnlen(name.pt_buf, PATH_MAX));
	}
	text_free(&name);
	file_drop(fp);
	return (error);
}

static int
fd_link_follow(struct procfs_node *pn, struct path **pp)
{
	struct file *fp;
	int fdflags, error;

	error = fd_file(pn->pn_proc, pn->pn_fd, &fp, &fdflags);
	return (error != 0 ? error : path_from_file(fp, pp));
}

static int
fd_link_follow_file(struct procfs_node *pn, struct file **fpp)
{
	int fdflags;

	return (fd_file(pn->pn_proc, pn->pn_fd, fpp, &fdflags));
}

static const struct procfs_entry fd_link_entry = {
    .pe_name = "fd",
    .pe_type = PE_LINK,
    .pe_mode = 0700,
    .pe_flags = PEF_PRIVATE,
    .pe_gen = fd_link_text,
    .pe_follow = fd_link_follow,
    .pe_follow_file = fd_link_follow_file,
};

static int
fd_lookup(struct procfs_node *dir, uint64_t number, struct procfs_key *key)
{
	return (fd_dir_lookup(dir, number, key, &fd_link_entry));
}

const struct procfs_dynamic procfs_fd_dynamic = {
    .pd_lookup = fd_lookup,
    .pd_next = fd_dir_next,
    .pd_entry = &fd_link_entry,
};

/* --- fdinfo/N ---------------------------------------------------------------------- */

static int
fdinfo_gen(struct procfs_node *pn, struct procfs_text *t)
{
	struct file *fp;
	char info[256];
	int fdflags, error;

	error = fd_file(pn->pn_proc, pn->pn_fd, &fp, &fdflags);
	if (error != 0)
		return (error);
	text_printf(t, "pos:\t%ld\nflags:\t0%o\nmnt_id:\t%lu\n", fp->f_offset,
	    procfs_linux_oflags(fp->f_flags, (fdflags & FDF_CLOEXEC) != 0),
	    fp->f_path != NULL ? fp->f_path->pt_mount->mnt_fsid : 0UL);
	if (fp->f_ops->fo_info != NULL) {
		fp->f_ops->fo_info(fp, info, sizeof(info));
		text_write(t, info, strlen(info));
	}
	file_drop(fp);
	return (0);
}

static const struct procfs_entry fdinfo_entry = {
    .pe_name = "fdinfo",
    .pe_type = PE_FILE,
    .pe_mode = 0400,
    .pe_flags = PEF_PRIVATE,
    .pe_gen = fdinfo_gen,
};

static int
fdinfo_lookup(struct procfs_node *dir, uint64_t number, struct procfs_key *key)
{
	return (fd_dir_lookup(dir, number, key, &fdinfo_entry));
}

const struct procfs_dynamic procfs_fdinfo_dynamic = {
    .pd_lookup = fdinfo_lookup,
    .pd_next = fd_dir_next,
    .pd_entry = &fdinfo_entry,
};
