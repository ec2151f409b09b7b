/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V IPC: keys, ids, permissions.  One table for each kind.
 *
 * 1. A slot holds an object; the lowest free one is taken.  An id is
 *    seq * IPC_SLOTS_MAX + slot, and seq grows whenever a slot is used that
 *    is not above the last one, so an old id does not name a new object.
 *
 * 2. A key finds an object until that is removed (shared memory: until it is
 *    marked for removal, which sets the key to IPC_PRIVATE).
 *
 * 3. it_spin guards the slots and, for messages and semaphores, the objects.
 *    The table grows without it, into a new array that is swapped in.
 */
#include <sys/thread.h>
#include "sysv_var.h"

MALLOC_DEFINE(M_SYSV, "sysvipc", "System V IPC objects");
FAULT_POINT(fault_sysv, "sysvipc");

#define SLOTS_FIRST   16
#define SEQ_MAX	      65535 /* an id stays a positive int */
#define CAP_IPC_OWNER 15

int64_t
ipc_now(void)
{
	return (clock_real() / NS_PER_SEC);
}

/* --- permissions -------------------------------------------------------------- */

/* access: 4 read, 2 write, 1 attach executable.  0 or EACCES. */
static int
ipc_access(const struct ipc_perm *ip, mode_t access)
{
	const struct ucred *cr = cred_current();
	mode_t granted = ip->mode;

	if (cr->cr_uid == ip->uid || cr->cr_uid == ip->cuid)
		granted >>= 6;
	else if (cred_in_group(cr, ip->gid) || cred_in_group(cr, ip->cgid))
		granted >>= 3;
	if ((access & ~granted & 07) == 0 ||
	    (cr->cr_cap_effective >> CAP_IPC_OWNER & 1) != 0)
		return (0);
	return (EACCES);
}

/* --- finding ------------------------------------------------------------------- */

int
ipc_find_key(struct ipc_table *it, int key, int flags, ipc_match_t match,
    uint64_t arg, struct ipc_object **iop)
{
	struct ipc_object *io = NULL;
	mode_t want = (mode_t)(flags >> 6 | flags >> 3 | flags) & 07;
	int error;

	SPIN_ASSERT(&it->it_spin);
	if (key == IPC_PRIVATE)
		return (ENOENT);
	for (int i = 0; i <= it->it_highest; i++) {
		io = it->it_slots[i];
		if (io != NULL && io->io_perm.key == key)
			break;
		io = NULL;
	}
	if (io == NULL)
		return (ENOENT);
	if ((flags & IPC_CREAT) != 0 && (flags & IPC_EXCL) != 0)
		return (EEXIST);
	if ((error = match(io, arg)) == 0 &&
	    (error = ipc_access(&io->io_perm, want)) == 0)
		*iop = io;
	return (error);
}

int
ipc_find(struct ipc_table *it, int id, int how, struct ipc_object **iop)
{
	struct ipc_object *io = NULL;
	int slot = id;

	SPIN_ASSERT(&it->it_spin);
	if (id < 0)
		return (EINVAL);
	if ((how & IPC_BY_INDEX) == 0)
		slot = id % IPC_SLOTS_MAX;
	if (slot <= it->it_highest)
		io = it->it_slots[slot];
	if (io == NULL || ((how & IPC_BY_INDEX) == 0 && io->io_perm.id != id))
		return (EINVAL);
	*iop = io;
	return (0);
}

int
ipc_find_for(struct ipc_table *it, int id, int how, mode_t access,
    struct ipc_object **iop)
{
	int error = ipc_find(it, id, how, iop);

	if (error == 0 && (how & IPC_ANYBODY) == 0)
		error = ipc_access(&(*iop)->io_perm, access);
	return (error);
}

int
ipc_find_owned(struct ipc_table *it, int id, struct ipc_object **iop)
{
	const struct ucred *cr = cred_current();
	int error = ipc_find(it, id, 0, iop);

	if (error == 0 && cr->cr_uid != (*iop)->io_perm.uid &&
	    cr->cr_uid != (*iop)->io_perm.cuid &&
	    cred_check_cap(cr, CAP_SYS_ADMIN) != 0)
		error = EPERM;
	return (error);
}

/* 0, or EINVAL for ids that nobody has. */
int
ipc_set(struct ipc_object *io, uid_t uid, gid_t gid, mode_t mode)
{
	if (uid == (uid_t)-1 || gid == (gid_t)-1)
		return (EINVAL);
	io->io_perm.uid = uid;
	io->io_perm.gid = gid;
	io->io_perm.mode =
	    (io->io_perm.mode & ~(mode_t)0777) | (mode & (mode_t)0777);
	return (0);
}

/* --- slots ------------------------------------------------------------------------ */

int
ipc_enter(
    struct ipc_table *it, struct ipc_object *io, int key, int flags, int max)
{
	const struct ucred *cr = cred_current();
	int slot;

	SPIN_ASSERT(&it->it_spin);
	if (it->it_used >= max || it->it_used >= IPC_SLOTS_MAX)
		return (ENOSPC);
	for (slot = 0; slot < it->it_nslots; slot++)
		if (it->it_slots[slot] == NULL)
			break;
	if (slot == it->it_nslots)
		return (EAGAIN);
	if (slot <= it->it_last && ++it->it_seq > SEQ_MAX)
		it->it_seq = 0;
	it->it_last = slot;
	io->io_index = slot;
	io->io_perm.key = key;
	io->io_perm.mode = (mode_t)(flags & 0777);
	io->io_perm.uid = io->io_perm.cuid = cr->cr_uid;
	io->io_perm.gid = io->io_perm.cgid = cr->cr_gid;
	io->io_perm.seq = it->it_seq;
	io->io_perm.id = (int)it->it_seq * IPC_SLOTS_MAX + slot;
	it->it_slots[slot] = io;
	it->it_used++;
	it->it_highest = MAX(it->it_highest, slot);
	return (0);
}

int
ipc_table_grow(struct ipc_table *it)
{
	struct ipc_object **old, **new;
	int n;

	spin_lock(&it->it_spin);
	n = it->it_nslots == 0 ? SLOTS_FIRST : it->it_nslots * 2;
	spin_unlock(&it->it_spin);
	if (n > IPC_SLOTS_MAX)
		return (0); /* ipc_enter will say so */
	if (fault_fires(&fault_sysv) ||
	    (new = kmalloc(sizeof(struct ipc_object *) * (size_t)n, M_SYSV,
		 M_WAITOK | M_ZERO)) == NULL)
		return (ENOMEM);
	spin_lock(&it->it_spin);
	old = new;
	if (it->it_nslots < n) {
		old = it->it_slots;
		if (old != NULL)
			memcpy(new, old,
			    sizeof(struct ipc_object *) *
				(size_t)it->it_nslots);
		it->it_slots = new;
		it->it_nslots = n;
	}
	spin_unlock(&it->it_spin);
	kfree(old, M_SYSV);
	return (0);
}

void
ipc_leave(struct ipc_table *it, struct ipc_object *io)
{
	SPIN_ASSERT(&it->it_spin);
	KASSERT(it->it_slots[io->io_index] == io, ("sysv: slot"));
	it->it_slots[io->io_index] = NULL;
	it->it_used--;
	io->io_index = -1;
	while (it->it_highest >= 0 && it->it_slots[it->it_highest] == NULL)
		it->it_highest--;
}

void
ipc_table_free(struct ipc_table *it)
{
	KASSERT(it->it_used == 0, ("sysv: objects are left"));
	kfree(it->it_slots, M_SYSV);
	it->it_slots = NULL;
	it->it_nslots = 0;
}
