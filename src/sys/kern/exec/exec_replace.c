/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What exec wrote down about a program, replaced by the program's own word: its
 * auxiliary vector and its text file.  (Where its parts are: vm/vm_layout.c.)
 * For programs that become another one without exec.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/vnode.h>
#include <vm/vm.h>
#include "exec_var.h"

int
kern_set_auxv(const uint64_t *pairs, size_t len)
{
	struct proc *p = curproc;
	int error = 0;

	if (len > AUX_BYTES)
		return (EINVAL);
	spin_lock(&p->p_spin);
	if (p->p_aux == NULL)
		error = EINVAL; /* a process of the kernel's */
	else {
		memcpy(p->p_aux, pairs, len);
		/* Readers stop at it. */
		p->p_aux[AUX_MAX * 2 - 2] = AT_NULL;
		p->p_aux[AUX_MAX * 2 - 1] = 0;
	}
	spin_unlock(&p->p_spin);
	return (error);
}

void
kern_get_auxv(uint64_t *pairs)
{
	struct proc *p = curproc;

	memset(pairs, 0, AUX_BYTES);
	spin_lock(&p->p_spin);
	if (p->p_aux != NULL)
		memcpy(pairs, p->p_aux, AUX_BYTES);
	spin_unlock(&p->p_spin);
}

/* Does vm show something of vp? */
static bool
maps_vnode(struct vmspace *vm, const struct vnode *vp)
{
	struct vm_entry_info info;
	bool found = false;

	for (uaddr_t at = 0; !found && vmspace_entry_info(vm, at, &info) == 0;
	     at = info.vei_end) {
		found = info.vei_vp == vp;
		if (info.vei_vp != NULL)
			vnode_drop(info.vei_vp);
	}
	return (found);
}

/* pt, which keeps its writers out, becomes the text file.  EBUSY. */
static int
replace_exe(struct proc *p, struct path *pt)
{
	struct path *old;
	bool busy = false;

	spin_lock(&p->p_spin);
	if ((old = p->p_exe) != NULL)
		path_hold(old);
	spin_unlock(&p->p_spin);
	if (old != NULL) {
		busy = maps_vnode(p->p_vmspace, old->pt_vnode);
		path_drop(old);
	}
	if (busy)
		return (EBUSY);
	spin_lock(&p->p_spin);
	old = p->p_exe;
	p->p_exe = pt;
	spin_unlock(&p->p_spin);
	if (old != NULL)
		exec_close(old);
	return (0);
}

int
kern_set_exe(int fd)
{
	struct path *pt;
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if ((fp->f_flags & O_PATH) != 0) {
		file_drop(fp);
		return (EBADF);
	}
	pt = fp->f_path;
	if (pt != NULL)
		path_hold(pt);
	file_drop(fp);
	if (pt == NULL)
		return (EACCES);
	if ((error = exec_check(pt)) == 0 && vn_deny_write(pt->pt_vnode) != 0)
		error = EACCES;
	if (error != 0) {
		path_drop(pt);
		return (error);
	}
	if ((error = replace_exe(curproc, pt)) != 0)
		exec_close(pt);
	return (error);
}
