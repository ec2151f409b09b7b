/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounting in steps: a descriptor that collects what a file system is told.
 *
 *	open --> PARAMS --create--> CREATED --mount--> MADE
 *	pick --> RECONF                                 |
 *	          ^  |                                  |
 *	          |  +--reconfigure                     |
 *	          +------------- set a parameter -------+
 *
 * 1. In PARAMS a source, options and flags are kept; create makes the file
 *    system, which nobody can reach yet; mount gives a descriptor of its root,
 *    a floating mount (mount_float.c).
 * 2. In RECONF options and flags are kept for a file system that is mounted.
 * 3. A failed create or reconfigure ends in FAILED: every later step is EBUSY.
 * 4. What was wrong is told in words: each read takes one line.
 *
 * Locks: mu_lock for one setup, then mount_lock.
 */
#include "vfs_var.h"
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/stat.h>
#include <sys/ucred.h>

enum setup_phase {
	MU_PARAMS,
	MU_CREATED,
	MU_MADE,
	MU_RECONF,
	MU_FAILED
};

struct mount_setup {
	struct lock mu_lock;
	enum setup_phase mu_phase; /* all: (mu_lock) */
	const struct vfsops *mu_ops;
	struct mount *mu_mount; /* CREATED: not in the tree; later: held */
	bool mu_has_source;
	uint32_t mu_flags; /* MNT_RDONLY */
	char mu_source[sizeof(((struct mount *)NULL)->mnt_from)];
	char mu_options[sizeof(((struct mount *)NULL)->mnt_options)];
	char mu_message[160]; /* "e tmpfs: ...", or empty */
};

static MALLOC_DEFINE(M_SETUP, "mount setup", "mounts being set up");
FAULT_POINT(setup_fault, "mount_setup");

/* --- the file ------------------------------------------------------------------- */

static int
setup_fo_read(struct file *fp, struct uio *uio, int flags __unused)
{
	struct mount_setup *mu = fp->f_data;
	char line[sizeof(mu->mu_message)];
	size_t len;

	lock_excl(&mu->mu_lock);
	strlcpy(line, mu->mu_message, sizeof(line));
	len = strlen(line);
	if (len > 0 && len <= uio->uio_resid)
		mu->mu_message[0] = '\0';
	lock_release(&mu->mu_lock);
	if (len == 0)
		return (ENOATTR); /* Linux: no data */
	if (len > uio->uio_resid)
		return (EMSGSIZE);
	return (uiomove(line, len, uio));
}

static void
setup_fo_name(struct file *fp __unused, char *buf, size_t size)
{
	ksnprintf(buf, size, "anon_inode:[fscontext]");
}

static void
setup_fo_close(struct file *fp)
{
	struct mount_setup *mu = fp->f_data;

	if (mu->mu_mount != NULL && mu->mu_phase == MU_CREATED)
		mount_destroy_hidden(mu->mu_mount);
	else if (mu->mu_mount != NULL)
		mount_drop(mu->mu_mount);
	lock_destroy(&mu->mu_lock);
	kfree(mu, M_SETUP);
}

static const struct fileops setup_fileops = {
    .fo_read = setup_fo_read,
    .fo_stat = file_anon_stat,
    .fo_name = setup_fo_name,
    .fo_close = setup_fo_close,
};

/* mp is consumed: a held one, or NULL. */
static int
setup_install(const struct vfsops *ops, struct mount *mp, int oflags, int *fdp)
{
	struct mount_setup *mu = NULL;
	struct file *fp;
	int error;

	if (!fault_fires(&setup_fault))
		mu = kmalloc(sizeof(*mu), M_SETUP, M_WAITOK | M_ZERO);
	if (mu == NULL) {
		if (mp != NULL)
			mount_drop(mp);
		return (ENOMEM);
	}
	lock_init(&mu->mu_lock, "mount setup", 0);
	mu->mu_ops = ops;
	mu->mu_mount = mp;
	mu->mu_phase = mp != NULL ? MU_RECONF : MU_PARAMS;
	if (mp != NULL)
		mu->mu_flags = mp->mnt_super->mnt_sbflags & MNT_RDONLY;
	fp = file_create(DTYPE_OTHER, FREAD | FWRITE, &setup_fileops, mu);
	if (fp == NULL) {
		if (mp != NULL)
			mount_drop(mp);
		lock_destroy(&mu->mu_lock);
		kfree(mu, M_SETUP);
		return (ENFILE);
	}
	error =
	    fd_alloc(fp, 0, (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, fdp);
	file_drop(fp);
	return (error);
}

int
kern_fs_open(const char *type, int oflags, int *fdp)
{
	const struct vfsops *ops;
	int error = cred_check_cap(cred_current(), CAP_SYS_ADMIN);

	if (error != 0)
		return (error);
	if ((ops = vfs_type_find(type)) == NULL)
		return (ENODEV);
	return (setup_install(ops, NULL, oflags, fdp));
}

int
kern_fs_pick(const struct mount_place *at, int oflags, int *fdp)
{
	struct mount *mp = NULL;
	int error = cred_check_cap(cred_current(), CAP_SYS_ADMIN);

	if (error != 0)
		return (error);
	lock_excl(&mount_lock);
	if ((error = mount_at(at, &mp)) == 0)
		mount_hold(mp);
	lock_release(&mount_lock);
	if (error != 0)
		return (error);
	return (setup_install(mp->mnt_ops, mp, oflags, fdp));
}

/* Its setup, locked, and the file, held: EBADF; EINVAL, it is no setup. */
static int
setup_enter(int fd, struct file **fpp, struct mount_setup **mup)
{
	int error;

	if ((error = fd_get(fd, 0, fpp)) != 0)
		return (error);
	if ((*fpp)->f_ops != &setup_fileops) {
		file_drop(*fpp);
		return (EINVAL);
	}
	*mup = (*fpp)->f_data;
	lock_excl(&(*mup)->mu_lock);
	return (0);
}

static void
setup_leave(struct file *fp, struct mount_setup *mu)
{
	lock_release(&mu->mu_lock);
	file_drop(fp);
}

/* --- parameters -------------------------------------------------------------------- */

/* What every file system is told, without being asked. */
static const struct {
	const char *key;
	uint32_t set, clear;
} common[] = {
    {"ro", MNT_RDONLY, 0},
    {"rw", 0, MNT_RDONLY},
    {"sync", 0, 0},
    {"async", 0, 0},
    {"dirsync", 0, 0},
    {"lazytime", 0, 0},
    {"nolazytime", 0, 0},
};

static bool
set_common(struct mount_setup *mu, const char *key)
{
	for (size_t i = 0; i < nitems(common); i++)
		if (strcmp(common[i].key, key) == 0) {
			mu->mu_flags |= common[i].set;
			mu->mu_flags &= ~common[i].clear;
			return (true);
		}
	return (false);
}

static int
set_source(struct mount_setup *mu, const char *value)
{
	if (value == NULL || mu->mu_has_source ||
	    strlen(value) >= sizeof(mu->mu_source))
		return (EINVAL);
	strlcpy(mu->mu_source, value, sizeof(mu->mu_source));
	mu->mu_has_source = true;
	return (0);
}

static int
set_option(struct mount_setup *mu, const char *key, const char *value)
{
	size_t used = strlen(mu->mu_options);
	int n;

	if (mu->mu_ops->vfs_options == NULL ||
	    vfs_option_check(key, mu->mu_ops->vfs_options) != 0 ||
	    strchr(key, ',') != NULL || strchr(key, '=') != NULL) {
		ksnprintf(mu->mu_message, sizeof(mu->mu_message),
		    "e %s: Unknown parameter '%.64s'", mu->mu_ops->vfs_name,
		    key);
		return (EINVAL);
	}
	if (value != NULL && strchr(value, ',') != NULL)
		return (EINVAL); /* options are kept as text */
	n = ksnprintf(mu->mu_options + used, sizeof(mu->mu_options) - used,
	    "%s%s%s%s", used > 0 ? "," : "", key, value != NULL ? "=" : "",
	    value != NULL ? value : "");
	if ((size_t)n >= sizeof(mu->mu_options) - used) {
		mu->mu_options[used] = '\0';
		return (EINVAL);
	}
	return (0);
}

/* What a step does to a setup. */
struct setup_step {
	const char *ss_key, *ss_value; /* of a parameter */
};

/*
 * Let step work on the setup of fd: EBADF, EINVAL (it is none), or what the step
 * says.  A file system that was mounted may be changed from here on.
 */
static int
setup_do(int fd,
    int (*step)(struct mount_setup *mu, const struct setup_step *ss),
    const struct setup_step *ss)
{
	struct mount_setup *mu;
	struct file *fp;
	int error;

	if ((error = setup_enter(fd, &fp, &mu)) != 0)
		return (error);
	if (mu->mu_phase == MU_MADE)
		mu->mu_phase = MU_RECONF;
	error = step(mu, ss);
	setup_leave(fp, mu);
	return (error);
}

static int
step_set(struct mount_setup *mu, const struct setup_step *ss)
{
	if (mu->mu_phase != MU_PARAMS && mu->mu_phase != MU_RECONF)
		return (EBUSY);
	if (set_common(mu, ss->ss_key))
		return (0);
	if (strcmp(ss->ss_key, "source") == 0)
		return (set_source(mu, ss->ss_value));
	return (set_option(mu, ss->ss_key, ss->ss_value));
}

/* value NULL: a bare word.  EINVAL, EBUSY (not the time for it), EBADF. */
int
kern_fs_set(int fd, const char *key, const char *value)
{
	const struct setup_step ss = {key, value};

	return (setup_do(fd, step_set, &ss));
}

/* --- steps ------------------------------------------------------------------------- */

static int
step_create(struct mount_setup *mu, const struct setup_step *ss __unused)
{
	int error;

	if (mu->mu_phase != MU_PARAMS)
		return (EBUSY);
	if ((error = cred_check_cap(cred_current(), CAP_SYS_ADMIN)) != 0)
		return (error);
	error =
	    mount_create(mu->mu_ops, mu->mu_has_source ? mu->mu_source : "none",
		mu->mu_flags, mu->mu_options, &mu->mu_mount);
	mu->mu_phase = error == 0 ? MU_CREATED : MU_FAILED;
	return (error);
}

int
kern_fs_create(int fd)
{
	return (setup_do(fd, step_create, NULL));
}

static int
step_reconfigure(struct mount_setup *mu, const struct setup_step *ss __unused)
{
	int error;

	if (mu->mu_phase != MU_RECONF)
		return (EBUSY);
	if ((error = cred_check_cap(cred_current(), CAP_SYS_ADMIN)) != 0)
		return (error);
	lock_excl(&mount_lock);
	error = mount_super_change(
	    mu->mu_mount->mnt_super, mu->mu_flags, mu->mu_options);
	lock_release(&mount_lock);
	mu->mu_options[0] = '\0';
	mu->mu_phase = error == 0 ? MU_MADE : MU_FAILED;
	return (error);
}

int
kern_fs_reconfigure(int fd)
{
	return (setup_do(fd, step_reconfigure, NULL));
}

/* EINVAL: there is nothing to mount yet; EBUSY: it was mounted. */
int
kern_fs_mount(int fd, uint32_t flags, int oflags, int *fdp)
{
	struct mount_setup *mu;
	struct mount *mp;
	struct file *fp;
	int error = cred_check_cap(cred_current(), CAP_SYS_ADMIN);

	if (error != 0 || (error = setup_enter(fd, &fp, &mu)) != 0)
		return (error);
	if (mu->mu_mount == NULL)
		error = EINVAL;
	else if (mu->mu_phase != MU_CREATED)
		error = EBUSY;
	else {
		mp = mu->mu_mount;
		mount_hold(mp); /* ours; the first one is the tree's */
		mu->mu_phase = MU_MADE;
		mu->mu_options[0] = '\0';
		lock_excl(&mount_lock);
		mp->mnt_flags = flags; /* those of the file system stay its */
		mount_float(mp);
		lock_release(&mount_lock);
		error = mount_tree_fd(mp, oflags, fdp);
	}
	setup_leave(fp, mu);
	return (error);
}
