/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs: the kernel's state as Linux's /proc shows it.
 *
 * 1. This file system IS a Linux interface: the names, the formats, the units
 *    and the signal and device numbers in its texts are those of Linux's
 *    proc(5), whatever ABI the reader has.  Linux's numbers are in
 *    procfs_linux.c and nowhere else.
 *
 * 2. Entries are constant tables (struct procfs_entry): one table for each
 *    directory.  Directories may also have numbered children that come from a
 *    procfs_dynamic: processes, threads, descriptors.
 *
 * 3. A node is an entry for one process (or none).  It holds the memory of
 *    struct proc, not its life: each use asks whether the process still is in
 *    the table, and answers ESRCH or ENOENT if not.  Vnodes are made for a
 *    lookup, are found again while in use, and die with their last user
 *    (VF_DELETE); names are not cached (VF_NOCACHE).
 *
 * 4. A file's text is generated when a read starts at offset 0 and kept with
 *    the open file, so a reader that takes it in pieces sees one state, and a
 *    reader that seeks back sees a new one.
 *
 * 5. Permission: entries of a process belong to its effective ids.  Those with
 *    PEF_PRIVATE are for who could trace it: same ids, or root.
 *
 * 6. Locks: pn_lock (texts) is taken first; generators take proctree_lock,
 *    p_spin, mount and map locks as they need, one after the other.  Looking
 *    into a process may drop the last reference of a file or a vnode and so
 *    lock other vnodes.  v_lock protects nothing of ours, so the operations
 *    that do that give it up meanwhile (procfs_unlock).
 */
#include <sys/systm.h>
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/proc.h>
#include <sys/ucred.h>
#include <sys/uio.h>

#include "procfs_var.h"

MALLOC_DEFINE(M_PROCFS, "procfs", "procfs nodes");

#define PROCFS_DYNAMIC	 0x100000UL /* cookies from here on: number + this */
#define PROCFS_WRITE_MAX 4096

static const struct vnodeops procfs_vnodeops;

/* Give v_lock up; what procfs_relock must take again. */
static bool
procfs_unlock(struct vnode *vp)
{
	bool excl = lock_held_excl(&vp->v_lock);

	LOCK_ASSERT(&vp->v_lock);
	lock_release(&vp->v_lock);
	return (excl);
}

static void
procfs_relock(struct vnode *vp, bool excl)
{
	if (excl)
		lock_excl(&vp->v_lock);
	else
		lock_shared(&vp->v_lock);
}

/* --- nodes ---------------------------------------------------------------------- */

static enum vtype
procfs_vtype(const struct procfs_entry *pe)
{
	return (pe->pe_type == PE_DIR	 ? VDIR
		: pe->pe_type == PE_LINK ? VLNK
					 : VREG);
}

/*
 * What the vnode hash knows the node of key by.  A process is its structure: a
 * node holds it, so nobody else's can lie there meanwhile.
 */
static uint64_t
procfs_ident(const struct procfs_key *key)
{
	struct {
		const void *entry, *proc;
		int64_t tid, fd;
	} id = {key->pk_entry, key->pk_proc, key->pk_tid, key->pk_fd};

	return (hash64(&id, sizeof(id), 1) | 1);
}

static bool
procfs_is_node_of(const struct procfs_node *pn, const struct procfs_key *key)
{
	return (pn->pn_entry == key->pk_entry && pn->pn_proc == key->pk_proc &&
	    pn->pn_tid == key->pk_tid && pn->pn_fd == key->pk_fd);
}

/* A vnode that nobody else has; the node takes the key's process reference. */
static int
procfs_vnode_make(struct mount *mp, const struct procfs_key *key,
    uint64_t ident, struct vnode **vpp)
{
	struct procfs_node *pn =
	    kmalloc(sizeof(*pn), M_PROCFS, M_WAITOK | M_ZERO);
	int error;

	if (pn == NULL)
		return (ENOMEM);
	pn->pn_entry = key->pk_entry;
	pn->pn_proc = key->pk_proc;
	pn->pn_tid = key->pk_tid;
	pn->pn_fd = key->pk_fd;
	lock_init(&pn->pn_lock, "procfs", 0);
	error = vnode_create(
	    mp, procfs_vtype(key->pk_entry), &procfs_vnodeops, ident, pn, vpp);
	if (error != 0) {
		lock_destroy(&pn->pn_lock);
		kfree(pn, M_PROCFS);
		return (error);
	}
	atomic_or(&(*vpp)->v_flags, VF_NOCACHE | VF_DELETE);
	return (0);
}

/*
 * The vnode for key, whose process reference it takes also on failure.  There
 * is one for each node, as everybody who has a directory open expects: another
 * vnode under its name would make it look removed.
 */
int
procfs_vnode(struct mount *mp, const struct procfs_key *key, struct vnode **vpp)
{
	uint64_t ident = procfs_ident(key);
	int error = 0;
	bool found;

	do {
		*vpp = vnode_find(mp, ident);
		found = *vpp != NULL && procfs_is_node_of((*vpp)->v_data, key);
		if (found)
			break;
		if (*vpp != NULL) { /* another node with this hash value */
			vnode_drop(*vpp);
			ident = 0;
		}
		error = procfs_vnode_make(mp, key, ident, vpp);
	} while (error == EEXIST);
	if ((found || error != 0) && key->pk_proc != NULL)
		proc_drop(key->pk_proc);
	return (found ? 0 : error);
}

/* Is the node's process (if it has one) still in the table? */
bool
procfs_is_alive(struct procfs_node *pn)
{
	bool alive;

	if (pn->pn_proc == NULL)
		return (true);
	lock_shared(&proctree_lock);
	alive = proc_find(pn->pn_proc->p_pid) == pn->pn_proc;
	lock_release(&proctree_lock);
	return (alive);
}

/* May the current process look into p, as for tracing it? */
int
procfs_may_inspect(struct proc *p)
{
	struct ucred *me = cred_current(), *cr;
	bool same;

	if (p == curproc || cred_has_cap(me, CAP_SYS_PTRACE))
		return (0);
	cr = proc_cred_hold(p);
	if (cr == NULL)
		return (EACCES);
	same = me->cr_uid == cr->cr_uid && me->cr_uid == cr->cr_ruid &&
	    me->cr_uid == cr->cr_svuid && me->cr_gid == cr->cr_gid &&
	    me->cr_gid == cr->cr_rgid && me->cr_gid == cr->cr_svgid;
	cred_drop(cr);
	return (same && p->p_dumpable != 0 ? 0 : EACCES);
}

static int
procfs_check(struct procfs_node *pn)
{
	if (!procfs_is_alive(pn))
		return (ESRCH);
	if ((pn->pn_entry->pe_flags & PEF_PRIVATE) != 0)
		return (procfs_may_inspect(pn->pn_proc));
	return (0);
}

/* --- directories ------------------------------------------------------------------ */

static const struct procfs_entry *
procfs_static_child(
    const struct procfs_entry *dir, const char *name, size_t len)
{
	for (size_t i = 0; i < dir->pe_nchildren; i++) {
		const struct procfs_entry *pe = &dir->pe_children[i];

		if (strlen(pe->pe_name) == len &&
		    memcmp(pe->pe_name, name, len) == 0)
			return (pe);
	}
	return (NULL);
}

/* A canonical decimal number: false for anything else. */
static bool
procfs_number(const char *name, size_t len, uint64_t *valuep)
{
	uint64_t n = 0;

	if (len == 0 || len > 10 || (len > 1 && name[0] == '0'))
		return (false);
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return (false);
		n = n * 10 + (uint64_t)(name[i] - '0');
	}
	*valuep = n;
	return (n <= INT32_MAX);
}

/* Take the prefix of the numbered children's names off.  False: another. */
static bool
procfs_prefix(const struct procfs_dynamic *pd, const char **namep, size_t *lenp)
{
	size_t n = pd->pd_prefix != NULL ? strlen(pd->pd_prefix) : 0;

	if (*lenp < n || (n > 0 && memcmp(*namep, pd->pd_prefix, n) != 0))
		return (false);
	*namep += n;
	*lenp -= n;
	return (true);
}

static int
procfs_lookup_unlocked(
    struct vnode *dvp, const char *name, size_t len, struct vnode **vpp)
{
	struct procfs_node *dir = dvp->v_data;
	const struct procfs_dynamic *pd = dir->pn_entry->pe_dynamic;
	struct procfs_key key = {NULL, NULL, dir->pn_tid, dir->pn_fd};
	uint64_t number;
	int error;

	if (!procfs_is_alive(dir))
		return (ENOENT);
	key.pk_entry = procfs_static_child(dir->pn_entry, name, len);
	if (key.pk_entry != NULL) {
		key.pk_proc = dir->pn_proc;
		if (key.pk_proc != NULL)
			proc_hold(key.pk_proc);
		return (procfs_vnode(dvp->v_mount, &key, vpp));
	}
	if (pd == NULL || !procfs_prefix(pd, &name, &len) ||
	    !procfs_number(name, len, &number))
		return (ENOENT);
	error = pd->pd_lookup(dir, number, &key);
	return (error != 0 ? error : procfs_vnode(dvp->v_mount, &key, vpp));
}

static int
procfs_lookup(
    struct vnode *dvp, const char *name, size_t len, struct vnode **vpp)
{
	bool excl = procfs_unlock(dvp);
	int error = procfs_lookup_unlocked(dvp, name, len, vpp);

	procfs_relock(dvp, excl);
	return (error);
}

static ino_t
procfs_ino(const struct procfs_entry *pe, struct proc *p, pid_t tid, int fd)
{
	struct {
		const void *entry;
		int64_t pid, tid, fd;
	} id = {pe, p != NULL ? p->p_pid : 0, tid, fd};

	if (strcmp(pe->pe_name, "/") == 0)
		return (1);
	return (hash64(&id, sizeof(id), 0) | 0x100000000UL);
}

static uint8_t
procfs_dt(const struct procfs_entry *pe)
{
	return (MODE_TO_DT(vtype_to_mode(procfs_vtype(pe))));
}

/* The table's part.  True if the buffer is full. */
static bool
procfs_emit_static(
    struct procfs_node *dir, uint64_t *cookiep, dirent_emit_t emit, void *arg)
{
	const struct procfs_entry *de = dir->pn_entry;

	while (*cookiep < de->pe_nchildren + 2) {
		const struct procfs_entry *pe =
		    *cookiep < 2 ? de : &de->pe_children[*cookiep - 2];
		const char *name = *cookiep == 0 ? "."
		    : *cookiep == 1		 ? ".."
						 : pe->pe_name;

		if (emit(arg, name, strlen(name),
			procfs_ino(pe, dir->pn_proc, dir->pn_tid, dir->pn_fd),
			procfs_dt(pe), *cookiep + 1) != 0)
			return (true);
		(*cookiep)++;
	}
	return (false);
}

static bool
procfs_emit_dynamic(
    struct procfs_node *dir, uint64_t *cookiep, dirent_emit_t emit, void *arg)
{
	const struct procfs_dynamic *pd = dir->pn_entry->pe_dynamic;
	char name[32];

	if (pd == NULL)
		return (false);
	for (;;) {
		uint64_t number =
		    *cookiep < PROCFS_DYNAMIC ? 0 : *cookiep - PROCFS_DYNAMIC;
		int len;

		if (pd->pd_next(dir, &number) != 0)
			return (false);
		len = ksnprintf(name, sizeof(name), "%s%lu",
		    pd->pd_prefix != NULL ? pd->pd_prefix : "", number);
		if (emit(arg, name, (size_t)len,
			procfs_ino(pd->pd_entry, dir->pn_proc, (pid_t)number,
			    (int)number),
			procfs_dt(pd->pd_entry),
			PROCFS_DYNAMIC + number + 1) != 0)
			return (true);
		*cookiep = PROCFS_DYNAMIC + number + 1;
	}
}

static int
procfs_readdir(struct vnode *dvp, uint64_t *cookiep, dirent_emit_t emit,
    void *arg, bool *eofp)
{
	struct procfs_node *dir = dvp->v_data;
	bool excl = procfs_unlock(dvp);
	int error;

	error = procfs_check(dir);
	if (error == 0)
		*eofp = !procfs_emit_static(dir, cookiep, emit, arg) &&
		    !procfs_emit_dynamic(dir, cookiep, emit, arg);
	procfs_relock(dvp, excl);
	return (error == ESRCH ? ENOENT : error);
}

/* --- attributes --------------------------------------------------------------------- */

/* Entries of a process are its own, unless it may not be dumped. */
static void
procfs_owner(struct procfs_node *pn, struct vattr *va)
{
	struct ucred *cr;

	if (pn->pn_proc == NULL || pn->pn_proc->p_dumpable == 0)
		return;
	cr = proc_cred_hold(pn->pn_proc);
	if (cr == NULL)
		return;
	va->va_uid = cr->cr_uid;
	va->va_gid = cr->cr_gid;
	cred_drop(cr);
}

/*
 * find(1) trusts a directory's links to tell how many directories are in it; 1
 * says that they do not.
 */
static uint32_t
procfs_nlink(const struct procfs_entry *pe)
{
	uint32_t n = 2;

	if (pe->pe_type != PE_DIR || pe->pe_dynamic != NULL)
		return (1);
	for (size_t i = 0; i < pe->pe_nchildren; i++)
		n += pe->pe_children[i].pe_type == PE_DIR;
	return (n);
}

static int
procfs_getattr(struct vnode *vp, struct vattr *va)
{
	struct procfs_node *pn = vp->v_data;

	memset(va, 0, sizeof(*va));
	va->va_type = vp->v_type;
	va->va_mode = pn->pn_entry->pe_mode;
	va->va_gid = pn->pn_entry->pe_gid;
	va->va_nlink = procfs_nlink(pn->pn_entry);
	va->va_ino =
	    procfs_ino(pn->pn_entry, pn->pn_proc, pn->pn_tid, pn->pn_fd);
	va->va_blksize = 1024;
	va->va_mtime = ns_to_ts(clock_real());
	if (pn->pn_proc != NULL)
		va->va_mtime = ns_to_ts(
		    clock_real() - clock_mono() + pn->pn_proc->p_start_ns);
	va->va_atime = va->va_ctime = va->va_btime = va->va_mtime;
	procfs_owner(pn, va);
	return (0);
}

/* A size is ignored: `echo text > file' truncates first. */
static int
procfs_setattr(struct vnode *vp, const struct vattr *va, struct ucred *cred)
{
	return ((va->va_mask & ~VA_SIZE) == 0 ? 0 : EPERM);
}

static int
procfs_access(struct vnode *vp, int rwx, struct ucred *cred)
{
	struct vattr va;

	(void)procfs_getattr(vp, &va);
	return (
	    vaccess(va.va_type, va.va_mode, va.va_uid, va.va_gid, rwx, cred));
}

/* /proc/PID serves as a descriptor of the process: EBADF for anything else. */
static int
procfs_process(struct vnode *vp, struct proc **pp)
{
	struct procfs_node *pn = vp->v_data;

	if (pn->pn_entry != &procfs_pid_entry)
		return (EBADF);
	*pp = pn->pn_proc;
	proc_hold(*pp);
	return (0);
}

/* --- links ---------------------------------------------------------------------------- */

/* A process that is gone has no links: ENOENT. */
static int
procfs_readlink_unlocked(struct procfs_node *pn, struct uio *uio)
{
	struct procfs_text t;
	int error;

	error = procfs_check(pn);
	if (error != 0)
		return (error == ESRCH ? ENOENT : error);
	text_init(&t);
	error = pn->pn_entry->pe_gen(pn, &t);
	if (error == 0)
		error = t.pt_error;
	if (error == 0)
		error = uiomove(t.pt_buf, MIN(t.pt_len, uio->uio_resid), uio);
	text_free(&t);
	return (error);
}

static int
procfs_readlink(struct vnode *vp, struct uio *uio)
{
	bool excl = procfs_unlock(vp);
	int error = procfs_readlink_unlocked(vp->v_data, uio);

	procfs_relock(vp, excl);
	return (error);
}

static int
procfs_follow(struct vnode *vp, struct path **pp)
{
	struct procfs_node *pn = vp->v_data;
	int error;

	if (pn->pn_entry->pe_follow == NULL)
		return (EOPNOTSUPP);
	error = procfs_check(pn);
	if (error != 0)
		return (error == ESRCH ? ENOENT : error);
	return (pn->pn_entry->pe_follow(pn, pp));
}

static int
procfs_follow_file(struct vnode *vp, struct file **fpp)
{
	struct procfs_node *pn = vp->v_data;
	int error;

	if (pn->pn_entry->pe_follow_file == NULL)
		return (EOPNOTSUPP);
	error = procfs_check(pn);
	if (error != 0)
		return (error == ESRCH ? ENOENT : error);
	return (pn->pn_entry->pe_follow_file(pn, fpp));
}

/* --- files ---------------------------------------------------------------------------- */

static int
procfs_open(struct vnode *vp, int fflags, struct file *fp)
{
	if (vp->v_type != VREG)
		return (0);
	return (procfs_check(vp->v_data));
}

static int
procfs_close(struct vnode *vp, int fflags, struct file *fp)
{
	struct procfs_text *t;

	if (vp->v_type != VREG || fp == NULL || fp->f_private == NULL)
		return (0);
	t = fp->f_private;
	fp->f_private = NULL;
	text_free(t);
	kfree(t, M_PROCFS);
	return (0);
}

/* (pn_lock) Generate into *t, whose old text goes. */
static int
procfs_generate(struct procfs_node *pn, struct procfs_text *t)
{
	int error;

	text_free(t);
	if (pn->pn_entry->pe_gen == NULL)
		return (EINVAL);
	error = procfs_is_alive(pn) ? pn->pn_entry->pe_gen(pn, t) : ESRCH;
	return (error != 0 ? error : t->pt_error);
}

/* (pn_lock) */
static int
procfs_copy_out(struct procfs_text *t, struct uio *uio)
{
	size_t off = (size_t)uio->uio_offset;

	if (uio->uio_offset < 0)
		return (EINVAL);
	if (off >= t->pt_len)
		return (0);
	return (uiomove(
	    t->pt_buf + off, MIN(t->pt_len - off, uio->uio_resid), uio));
}

/* The text kept with the open file, made if needed.  NULL: ENOMEM. */
static struct procfs_text *
procfs_file_text(struct file *fp)
{
	if (fp->f_private == NULL)
		fp->f_private = kmalloc(
		    sizeof(struct procfs_text), M_PROCFS, M_WAITOK | M_ZERO);
	return (fp->f_private);
}

static int
procfs_read(struct vnode *vp, struct uio *uio, int ioflags, struct file *fp)
{
	struct procfs_node *pn = vp->v_data;
	struct procfs_text once, *t = &once;
	bool excl = procfs_unlock(vp);
	int error = 0;

	if (pn->pn_entry->pe_rw != NULL) {
		error = pn->pn_entry->pe_rw(pn, uio);
		procfs_relock(vp, excl);
		return (error);
	}
	text_init(&once);
	lock_excl(&pn->pn_lock);
	if (fp != NULL)
		t = procfs_file_text(fp);
	if (t == NULL)
		error = ENOMEM;
	else if (uio->uio_offset == 0 || t->pt_buf == NULL)
		error = procfs_generate(pn, t);
	if (error == 0)
		error = procfs_copy_out(t, uio);
	lock_release(&pn->pn_lock);
	text_free(&once);
	procfs_relock(vp, excl);
	return (error);
}

/* One write is one value: EINVAL if it is too long. */
static int
procfs_write_unlocked(struct procfs_node *pn, struct uio *uio)
{
	size_t len = uio->uio_resid;
	char *buf;
	int error;

	if (pn->pn_entry->pe_rw != NULL)
		return (pn->pn_entry->pe_rw(pn, uio));
	if (pn->pn_entry->pe_write == NULL)
		return (EACCES);
	if (len >= PROCFS_WRITE_MAX)
		return (EINVAL);
	buf = kmalloc(len + 1, M_PROCFS, M_WAITOK);
	if (buf == NULL)
		return (ENOMEM);
	error = uiomove(buf, len, uio);
	buf[len] = '\0';
	if (error == 0 && !procfs_is_alive(pn))
		error = ESRCH;
	if (error == 0)
		error = pn->pn_entry->pe_write(pn, buf, len);
	kfree(buf, M_PROCFS);
	if (error != 0)
		uio->uio_resid = len; /* nothing of it counts as written */
	return (error);
}

static int
procfs_write(struct vnode *vp, struct uio *uio, int ioflags, struct file *fp)
{
	bool excl = procfs_unlock(vp);
	int error = procfs_write_unlocked(vp->v_data, uio);

	procfs_relock(vp, excl);
	return (error);
}

static void
procfs_reclaim(struct vnode *vp)
{
	struct procfs_node *pn = vp->v_data;

	if (pn->pn_proc != NULL)
		proc_drop(pn->pn_proc);
	lock_destroy(&pn->pn_lock);
	kfree(pn, M_PROCFS);
	vp->v_data = NULL;
}

static void
procfs_print(struct vnode *vp)
{
	struct procfs_node *pn = vp->v_data;

	kprintf("procfs %s proc %p tid %d fd %d\n", pn->pn_entry->pe_name,
	    (void *)pn->pn_proc, pn->pn_tid, pn->pn_fd);
}

static const struct vnodeops procfs_vnodeops = {
    .vop_lookup = procfs_lookup,
    .vop_readdir = procfs_readdir,
    .vop_getattr = procfs_getattr,
    .vop_setattr = procfs_setattr,
    .vop_access = procfs_access,
    .vop_readlink = procfs_readlink,
    .vop_follow = procfs_follow,
    .vop_follow_file = procfs_follow_file,
    .vop_process = procfs_process,
    .vop_open = procfs_open,
    .vop_close = procfs_close,
    .vop_read = procfs_read,
    .vop_write = procfs_write,
    .vop_reclaim = procfs_reclaim,
    .vop_print = procfs_print,
};

/* --- mounting -------------------------------------------------------------------------- */

int
procfs_mount(struct mount *mp, const char *from, const char *options)
{
	return (0);
}

int
procfs_unmount(struct mount *mp, bool force)
{
	return (0);
}

int
procfs_mount_root(
    struct mount *mp, const struct procfs_entry *root, struct vnode **vpp)
{
	struct procfs_key key = {root, NULL, 0, 0};
	int error;

	error = procfs_vnode(mp, &key, vpp);
	if (error == 0)
		atomic_or(&(*vpp)->v_flags, VF_ROOT);
	return (error);
}

static int
procfs_root(struct mount *mp, struct vnode **vpp)
{
	return (procfs_mount_root(mp, &procfs_root_entry, vpp));
}

int
procfs_statfs(struct mount *mp, struct statfs *sf)
{
	sf->f_bsize = PAGE_SIZE;
	sf->f_namemax = NAME_MAX;
	return (0);
}

/* Its files tell of other file systems' vnodes. */
static struct lock_class procfs_lock_class = {"procfs", 0};

static const struct vfsops procfs_vfsops = {
    .vfs_lock_class = &procfs_lock_class,
    .vfs_name = "procfs",
    .vfs_mount = procfs_mount,
    .vfs_unmount = procfs_unmount,
    .vfs_root = procfs_root,
    .vfs_statfs = procfs_statfs,
};

/* The name Linux programs mount it by. */
static const struct vfsops proc_vfsops = {
    .vfs_lock_class = &procfs_lock_class,
    .vfs_name = "proc",
    .vfs_mount = procfs_mount,
    .vfs_unmount = procfs_unmount,
    .vfs_root = procfs_root,
    .vfs_statfs = procfs_statfs,
};

static int
procfs_load(void)
{
	vfs_register(&procfs_vfsops);
	vfs_register(&proc_vfsops);
	return (0);
}

static const struct module procfs_module = {
    .mod_name = "procfs",
    .mod_class = "vfs",
    .mod_version = 1,
    .mod_load = procfs_load,
    .mod_desc = "processes and the kernel's state as Linux shows them",
};
MODULE(procfs, procfs_module);
