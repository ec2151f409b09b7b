/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * execve: a process becomes another program.
 *
 * 1. Arguments are copied in; the file is found, checked and kept from writers.
 * 2. The loaders are asked in turn.  A script replaces the image by its
 *    interpreter (EX_AGAIN); the ELF loader builds a new address space, in which
 *    the ABI then lays out the first stack.  Until here everything can fail and
 *    the old program goes on.
 * 3. The other threads are ended (proc_single).  That is the last step that can
 *    fail, because the process may be ending altogether.
 * 4. Commit: address space, credentials, signals, files, names; nothing sleeps
 *    for memory.  A vfork parent is let go.
 *
 * Lock order: none of its own; each step takes what its part needs.
 */
#include <sys/systm.h>
#include <sys/aio.h>
#include <sys/atomic.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/ucred.h>
#include <sys/vnode.h>
#include <vm/vm.h>
#include <machine/vmparam.h>
#include "../proc/proc_var.h"
#include "exec_var.h"

#define STACK_MAX   (1ULL << 30) /* what a soft limit of infinity means */
#define STACK_SPARE (128 * 1024) /* mapped at once beside the strings */

static MALLOC_DEFINE(M_IMAGE, "image", "programs being loaded");
FAULT_POINT(exec_fault, "exec_commit");

TAILQ_HEAD(exec_loader_list, exec_loader);
static struct exec_loader_list loaders = TAILQ_HEAD_INITIALIZER(loaders);

/* At start only: the list has no lock. */
void
exec_loader_register(struct exec_loader *el)
{
	TAILQ_INSERT_TAIL(&loaders, el, el_link);
}

static void
exec_init(void)
{
	exec_loader_register(&exec_elf_loader);
	exec_loader_register(&exec_script_loader);
}
SYSINIT(exec, SI_MODULE, exec_init);

/* --- the file ------------------------------------------------------------------ */

int
exec_check(struct path *pt)
{
	struct vattr va;
	int error;

	if (pt->pt_vnode->v_type != VREG ||
	    (vfs_mount_flags(pt->pt_mount) & MNT_NOEXEC) != 0)
		return (EACCES);
	error = vn_access(pt->pt_vnode, X_OK, cred_current());
	if (error == 0)
		error = vn_getattr(pt->pt_vnode, &va);
	/* Root passes every check, but somebody must be allowed to run it. */
	if (error == 0 && (va.va_mode & 0111) == 0)
		error = EACCES;
	return (error);
}

/*
 * EACCES: not a regular file, no permission, noexec mount.  ETXTBSY: open for
 * writing.  ELOOP: a link, and not to be followed.
 */
int
exec_open(int dirfd, const char *path, int atflags, struct path **ptp)
{
	int error, flags = 0;
	struct path *pt;

	if ((atflags & AT_SYMLINK_NOFOLLOW) != 0)
		flags |= LOOKUP_NOFOLLOW;
	if ((atflags & AT_EMPTY_PATH) != 0)
		flags |= LOOKUP_EMPTY;
	if ((error = path_lookup(dirfd, path, flags, &pt)) != 0)
		return (error);
	error = pt->pt_vnode->v_type == VLNK ? ELOOP : exec_check(pt);
	if (error == 0)
		error = lease_break(pt->pt_vnode, false, false);
	if (error == 0)
		error = vn_deny_write(pt->pt_vnode);
	if (error != 0) {
		path_drop(pt);
		return (error);
	}
	*ptp = pt;
	return (0);
}

void
exec_close(struct path *pt)
{
	vn_allow_write(pt->pt_vnode);
	path_drop(pt);
}

int
exec_read(struct vnode *vp, void *buf, size_t len, uint64_t off)
{
	size_t resid = 0;
	int error = vn_rdwr(false, vp, buf, len, (off_t)off, &resid);

	return (error == 0 && resid != 0 ? ENOEXEC : error);
}

int
exec_read_head(struct image_params *img)
{
	size_t resid = 0;
	int error;

	memset(img->img_head, 0, sizeof(img->img_head));
	error = vn_rdwr(false, img->img_vnode, img->img_head,
	    sizeof(img->img_head), 0, &resid);
	img->img_head_len = sizeof(img->img_head) - resid;
	return (error);
}

/* --- loading --------------------------------------------------------------------- */

static int
exec_try_loaders(struct image_params *img)
{
	struct exec_loader *el;
	int error;

again:
	TAILQ_FOREACH(el, &loaders, el_link) {
		error = el->el_load(img);
		if (error == EX_AGAIN)
			goto again;
		if (error != ENOEXEC || img->img_vm != NULL)
			return (error);
	}
	return (ENOEXEC);
}

/* Bytes that the stack needs at once. */
static uint64_t
stack_first(const struct image_params *img)
{
	return (round_page(img->img_args_len + img->img_env_len +
		    (uint64_t)(img->img_argc + img->img_envc) * 8) +
	    STACK_SPARE);
}

static int
exec_map_stack(struct image_params *img)
{
	uint64_t max = proc_rlimit(RLIMIT_STACK), first = stack_first(img);
	uint32_t r = 0;
	uaddr_t at;
	int error;

	max = trunc_page(MIN(max, STACK_MAX));
	if (first > max)
		return (E2BIG);
	if (exec_aslr != 0 && !curproc->p_no_aslr)
		random_bytes(&r, sizeof(r));
	img->img_stack_top =
	    VM_STACK_TOP - ((uint64_t)(r & 0x3fff) << PAGE_SHIFT);
	img->img_stack_bytes = first;
	at = img->img_stack_top - first;
	error = vm_map(img->img_vm, &at, first,
	    (vm_prot_t)(VM_PROT_READ | VM_PROT_WRITE |
		(img->img_exec_stack ? VM_PROT_EXECUTE : 0)),
	    VM_PROT_ALL, VMM_FIXED | VMM_GROWSDOWN, NULL, 0);
	return (error);
}

static void
exec_vm_limits(struct image_params *img)
{
	vmspace_set_limits(img->img_vm, proc_rlimit(RLIMIT_AS),
	    proc_rlimit(RLIMIT_DATA),
	    MIN(proc_rlimit(RLIMIT_STACK), STACK_MAX));
}

/* --- credentials -------------------------------------------------------------------- */

/* Sets of a program run with the ids of n (capabilities(7), no file sets). */
static void
exec_caps(const struct ucred *old, struct ucred *n)
{
	bool root = (n->cr_securebits & SECBIT_NOROOT) == 0 &&
	    (n->cr_uid == 0 || n->cr_ruid == 0);

	n->cr_securebits &= ~(uint32_t)SECBIT_KEEP_CAPS;
	if (root) {
		n->cr_cap_permitted =
		    n->cr_cap_bounding | n->cr_cap_inheritable;
		n->cr_cap_effective = n->cr_uid == 0 ? n->cr_cap_permitted : 0;
	} else {
		if (n->cr_uid != old->cr_uid || n->cr_gid != old->cr_gid)
			n->cr_cap_ambient = 0;
		n->cr_cap_permitted = n->cr_cap_ambient;
		n->cr_cap_effective = n->cr_cap_ambient;
	}
}

/*
 * img_cred: the new program's credentials, img_secure whether they differ from
 * the caller's.  The set-id bits do not count on a nosuid mount, for a traced
 * process or one that gave new privileges up.
 */
static int
exec_cred(struct lwp *lp, struct image_params *img)
{
	struct proc *p = lp->lw_proc;
	struct ucred *old = lp->lw_cred, *n;
	struct vattr va;
	int error;

	if ((error = vn_getattr(img->img_vnode, &va)) != 0)
		return (error);
	if ((n = cred_dup(old)) == NULL)
		return (ENOMEM);
	if ((vfs_mount_flags(img->img_file->pt_mount) & MNT_NOSUID) == 0 &&
	    !p->p_no_new_privs && !trace_forbids_setid(lp)) {
		if ((va.va_mode & S_ISUID) != 0)
			n->cr_uid = va.va_uid;
		if ((va.va_mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
			n->cr_gid = va.va_gid;
	}
	n->cr_svuid = n->cr_fsuid = n->cr_uid;
	n->cr_svgid = n->cr_fsgid = n->cr_gid;
	exec_caps(old, n);
	img->img_secure = n->cr_uid != n->cr_ruid || n->cr_gid != n->cr_rgid;
	img->img_cred = n;
	return (0);
}

/* --- commit ------------------------------------------------------------------------- */

/* What commit needs that may fail. */
struct exec_prep {
	struct filedesc *ep_fd; /* a table of our own, or NULL */
	uint64_t *ep_aux;
};

static int
exec_prepare(struct proc *p, struct image_params *img, struct exec_prep *ep)
{
	int error;

	memset(ep, 0, sizeof(*ep));
	if (fault_fires(&exec_fault))
		return (ENOMEM);
	if ((error = sigacts_unshare(p)) != 0)
		return (error);
	if ((p->p_flags & PF_FDSHARED) != 0 &&
	    (error = filedesc_copy(p->p_fd, &ep->ep_fd)) != 0)
		return (error);
	ep->ep_aux = kmalloc(AUX_BYTES, M_TEMP, M_WAITOK | M_ZERO);
	if (ep->ep_aux == NULL) {
		if (ep->ep_fd != NULL)
			filedesc_drop(ep->ep_fd);
		return (ENOMEM);
	}
	memcpy(ep->ep_aux, img->img_auxv, img->img_auxv_len);
	return (0);
}

static void
exec_unprepare(struct exec_prep *ep)
{
	if (ep->ep_fd != NULL)
		filedesc_drop(ep->ep_fd);
	kfree(ep->ep_aux, M_TEMP);
}

/* The new address space; the old one goes, and a vfork parent may. */
static void
commit_vm(struct proc *p, struct image_params *img)
{
	struct vmspace_stats st;
	struct vmspace *old;

	aio_exit(p);
	spin_lock(&p->p_spin);
	old = p->p_vmspace;
	p->p_vmspace = img->img_vm;
	img->img_vm = NULL;
	p->p_abi = img->img_abi;
	p->p_vdso = img->img_vdso;
	p->p_vvar = img->img_vvar;
	spin_unlock(&p->p_spin);
	if (old != NULL) {
		vmspace_stats(old, &st);
		p->p_ru.ru_maxrss =
		    MAX(p->p_ru.ru_maxrss, (int64_t)(st.vss_peak / 1024));
		vmspace_drop(old);
	}
	proc_vfork_done(p);
}

static const char *
base_name(const char *path)
{
	const char *s = strrchr(path, '/');

	return (s != NULL ? s + 1 : path);
}

static void
commit_names(struct lwp *lp, struct image_params *img, struct exec_prep *ep)
{
	struct proc *p = lp->lw_proc;
	struct path *old;
	uint64_t *oldaux;

	spin_lock(&p->p_spin);
	strlcpy(p->p_comm, base_name(img->img_path), sizeof(p->p_comm));
	strlcpy(lp->lw_name, p->p_comm, sizeof(lp->lw_name));
	old = p->p_exe;
	p->p_exe = img->img_file; /* reference and write denial move */
	img->img_file = NULL;
	oldaux = p->p_aux;
	p->p_aux = ep->ep_aux;
	ep->ep_aux = NULL;
	p->p_flags |= PF_EXECED;
	spin_unlock(&p->p_spin);
	strlcpy(curthread->td_name, p->p_comm, sizeof(curthread->td_name));
	thread_slot_update(curthread);
	if (old != NULL)
		exec_close(old);
	kfree(oldaux, M_TEMP);
}

static void
commit_files(struct proc *p, struct exec_prep *ep)
{
	struct filedesc *old = NULL;

	spin_lock(&p->p_spin);
	if (ep->ep_fd != NULL) {
		old = p->p_fd;
		p->p_fd = ep->ep_fd;
		ep->ep_fd = NULL;
		p->p_flags &= ~(uint32_t)PF_FDSHARED;
	}
	spin_unlock(&p->p_spin);
	if (old != NULL)
		filedesc_drop(old);
	filedesc_close_on_exec(p->p_fd);
}

static void
commit_lwp(struct lwp *lp, struct image_params *img)
{
	struct proc *p = lp->lw_proc;

	lp->lw_sigstk = (struct ksigaltstack){0, 0, SS_DISABLE};
	lp->lw_clear_tid = 0;
	lp->lw_robust_list = 0;
	lp->lw_rseq = 0;
	lp->lw_proc->p_membarrier = 0;
	lp->lw_restart_kind = LWR_NONE;
	sigacts_exec(p);
	ptimers_exit(p);
	if (img->img_secure)
		p->p_pdeathsig = 0;
	p->p_dumpable = !img->img_secure;
	cred_install(img->img_cred);
	img->img_cred = NULL;
	lock_excl(&proctree_lock);
	lwp_become_leader(lp);
	lock_release(&proctree_lock);
}

/*
 * From the first statement on the old program is gone.
 */
static void
exec_commit(
    struct lwp *lp, struct image_params *img, struct exec_prep *ep, uaddr_t sp)
{
	struct proc *p = lp->lw_proc;

	futex_robust_exit(lp);
	futex_clear_tid(lp);
	cpu_lwp_leave_vmspace(lp);
	commit_vm(p, img);
	commit_lwp(lp, img);
	commit_names(lp, img, ep);
	commit_files(p, ep);
	cpu_lwp_exec(lp, img->img_start, sp);
	KTR_EVENT(PROC, exec, "pid=%d entry=%p sp=%p", (uint64_t)p->p_pid,
	    img->img_start, sp);
	ev_notify_hint(&p->p_events, EV_NOTE, PROC_EV_EXEC);
}

/* --- the calls ----------------------------------------------------------------------- */

static void
image_free(struct image_params *img)
{
	if (img->img_file != NULL)
		exec_close(img->img_file);
	if (img->img_vm != NULL)
		vmspace_drop(img->img_vm);
	if (img->img_cred != NULL)
		cred_drop(img->img_cred);
	exec_free_args(img);
	kfree(img, M_IMAGE);
}

/* The image with its strings is ready: load it, and become it. */
static int
exec_image(struct lwp *lp, struct image_params *img)
{
	struct exec_prep ep;
	uaddr_t sp = 0;
	int error;

	error = exec_open(
	    img->img_dirfd, img->img_lookup, img->img_atflags, &img->img_file);
	if (error != 0)
		return (error);
	img->img_vnode = img->img_file->pt_vnode;
	if ((error = exec_read_head(img)) != 0 ||
	    (error = exec_try_loaders(img)) != 0 ||
	    (error = exec_cred(lp, img)) != 0)
		return (error);
	exec_vm_limits(img);
	if ((error = exec_map_stack(img)) != 0 ||
	    (error = img->img_abi->abi_stack(lp, img, &sp)) != 0 ||
	    (error = exec_prepare(lp->lw_proc, img, &ep)) != 0)
		return (error);
	vmspace_set_layout(img->img_vm, img->img_layout);
	vmspace_show(img->img_vm);
	if ((error = proc_single(lp, false, 0)) != 0) {
		exec_unprepare(&ep);
		return (error);
	}
	exec_commit(lp, img, &ep, sp);
	proc_single_end(lp);
	exec_unprepare(&ep);
	return (0);
}

static struct image_params *
image_alloc(struct lwp *lp, const char *path)
{
	struct image_params *img =
	    kmalloc(sizeof(*img), M_IMAGE, M_WAITOK | M_ZERO);

	if (img != NULL) {
		img->img_lwp = lp;
		img->img_path = img->img_lookup = path;
		img->img_dirfd = AT_FDCWD;
	}
	return (img);
}

/*
 * 0: the frame is the new program's (the ABI's entry returns EJUSTRETURN).
 * E2BIG, ENOEXEC, EACCES, ETXTBSY, ENOMEM, EFAULT, EINTR, lookup errors.
 */
int
kern_execve(struct lwp *lp, const char *path, uaddr_t argv, uaddr_t envp)
{
	struct image_params *img = image_alloc(lp, path);
	pid_t tid = lp->lw_tid;
	int error;

	if (img == NULL)
		return (ENOMEM);
	error = exec_copyin_args(img, argv, envp);
	if (error == 0)
		error = exec_image(lp, img);
	image_free(img);
	if (error == 0)
		trace_exec_event(lp, tid);
	return (error);
}

/* The name by which a program can reach what it was started from. */
static int
fd_path(int dirfd, const char *path, char *buf, size_t size)
{
	int n;

	if (path[0] == '\0')
		n = ksnprintf(buf, size, "/dev/fd/%d", dirfd);
	else
		n = ksnprintf(buf, size, "/dev/fd/%d/%s", dirfd, path);
	return (n < 0 || (size_t)n >= size ? ENAMETOOLONG : 0);
}

int
kern_execveat(struct lwp *lp, int dirfd, const char *path, int atflags,
    uaddr_t argv, uaddr_t envp)
{
	struct image_params *img = image_alloc(lp, path);
	char *name = NULL;
	int error = 0;

	if (img == NULL)
		return (ENOMEM);
	img->img_dirfd = dirfd;
	img->img_atflags = atflags;
	if (dirfd != AT_FDCWD && path[0] != '/') {
		name = kmalloc(PATH_MAX_ABI, M_IMAGE, M_WAITOK);
		error = name == NULL ? ENOMEM
				     : fd_path(dirfd, path, name, PATH_MAX_ABI);
		img->img_path = name;
	}
	if (error == 0)
		error = exec_copyin_args(img, argv, envp);
	if (error == 0)
		error = exec_image(lp, img);
	image_free(img);
	kfree(name, M_IMAGE);
	return (error);
}

int
exec_kernel(struct lwp *lp, const char *path, const char *const *argv, int argc,
    const char *const *envp, int envc)
{
	struct image_params *img = image_alloc(lp, path);
	int error;

	if (img == NULL)
		return (ENOMEM);
	error = exec_kernel_args(img, argv, argc, envp, envc);
	if (error == 0)
		error = exec_image(lp, img);
	image_free(img);
	return (error);
}
