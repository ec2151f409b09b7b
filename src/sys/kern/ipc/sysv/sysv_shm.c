/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V shared memory.
 *
 * 1. A segment is an anonymous VM object with an entry in a table.  Attaching
 *    maps the object shared; the kernel's map does the rest (fork copies the
 *    mapping, exec and exit take it away).
 *
 * 2. The number of attachments is the object's number of map entries, as it is
 *    told by IPC_STAT.  So a mapping cut in two by mprotect counts twice, which
 *    is what Linux does; who wants to know whether anybody is attached
 *    (PostgreSQL, before it takes over a data directory) gets a right answer
 *    however the other process ended.
 *
 * 3. Life cycle.
 *
 *	shmget --> live --IPC_RMID, attached--> SHM_DEST (no key, id works)
 *	             |                             |
 *	             +--IPC_RMID, not attached--+  | last detach
 *	                                        v  v
 *	              out of the table; the object goes with its last reference
 *
 *    The table holds one reference on the object, each map entry one.  The
 *    object holds the struct shm, which goes in shm_dtor.
 *
 * 4. Locking.  shm_table.it_spin guards everything here.  shm_mapped runs under
 *    the map's lock (vmspace -> sysv shm).
 */
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <vm/vm.h>
#include "sysv_var.h"

struct shm {
	struct ipc_object s_io;
	struct vm_object *s_obj; /* (c) */
	uint64_t s_size;	 /* (c) as asked for */
	int64_t s_atime, s_dtime, s_ctime;
	pid_t s_cpid, s_lpid;
};

static struct lock_class shm_class = {"sysv shm", 0};
static struct ipc_table shm_table = {
    .it_spin = SPIN_INIT_CLASS(&shm_class), .it_highest = -1, .it_last = -1};
static uint64_t shm_pages; /* (i) of all segments */
static uint64_t shm_max_bytes = UINT64_MAX - (1 << 24);
static uint64_t shm_max_pages = UINT64_MAX - (1 << 24);
static int shm_max_segments = 4096;

SYSCTL_U64(shmmax, "kern.ipc.shmmax", CTLF_RW, &shm_max_bytes,
    "largest System V shared memory segment, bytes");
SYSCTL_U64(shmall, "kern.ipc.shmall", CTLF_RW, &shm_max_pages,
    "pages of all System V shared memory segments");
SYSCTL_INT(shmmni, "kern.ipc.shmmni", CTLF_RW, &shm_max_segments,
    "System V shared memory segments");

static pid_t
my_pid(void)
{
	return (curproc != NULL ? curproc->p_pid : 0);
}

static struct shm *
shm_of(struct ipc_object *io)
{
	return ((struct shm *)io);
}

static uint64_t
shm_npages(const struct shm *s)
{
	return (atop(round_page(s->s_size)));
}

/* --- the object ------------------------------------------------------------------ */

/* (i) Out of the table; the table's reference is the caller's to drop. */
static void
shm_leave(struct shm *s)
{
	ipc_leave(&shm_table, &s->s_io);
	shm_pages -= shm_npages(s);
}

/* A map entry shows the segment, or one less does.  Under the map's lock. */
static void
shm_mapped(struct vm_object *obj, bool more)
{
	struct shm *s = obj->vo_handle;
	bool gone = false;

	spin_lock(&shm_table.it_spin);
	s->s_lpid = my_pid();
	if (more) {
		s->s_atime = ipc_now();
	} else {
		s->s_dtime = ipc_now();
		if ((s->s_io.io_perm.mode & SHM_DEST) != 0 &&
		    s->s_io.io_index >= 0 && obj->vo_mappings == 0) {
			shm_leave(s);
			gone = true;
		}
	}
	spin_unlock(&shm_table.it_spin);
	if (gone)
		vm_object_drop(obj); /* the entry's own is left */
}

static void
shm_dtor(struct vm_object *obj)
{
	kfree(obj->vo_handle, M_SYSV);
}

static const struct vm_pager_ops shm_ops = {
    .vpo_mapped = shm_mapped,
    .vpo_dtor = shm_dtor,
};

/* A segment in no table: its object has one reference.  NULL: ENOMEM. */
static struct shm *
shm_create(uint64_t size)
{
	struct shm *s = kmalloc(sizeof(*s), M_SYSV, M_WAITOK | M_ZERO);

	if (s == NULL)
		return (NULL);
	s->s_obj = vm_object_create(VMO_ANON, round_page(size), &shm_ops, s);
	if (s->s_obj == NULL) {
		kfree(s, M_SYSV);
		return (NULL);
	}
	s->s_size = size;
	s->s_ctime = ipc_now();
	s->s_cpid = my_pid();
	s->s_io.io_index = -1;
	return (s);
}

/* --- shmget ----------------------------------------------------------------------- */

static int
shm_match(struct ipc_object *io, uint64_t size)
{
	return (size > shm_of(io)->s_size ? EINVAL : 0);
}

/* (i) EINVAL, ENOSPC: may a segment of this size be made? */
static int
shm_check_size(uint64_t size)
{
	uint64_t pages = atop(round_page(size));

	if (size == 0 || size > shm_max_bytes)
		return (EINVAL);
	if (round_page(size) < size || shm_pages + pages < shm_pages ||
	    shm_pages + pages > shm_max_pages)
		return (ENOSPC);
	return (0);
}

/*
 * One attempt; *sp is a fresh segment or NULL and is used up by a creation.
 * EAGAIN: the table must grow.  ENOENT with *sp NULL: make a segment.
 */
static int
shm_get_try(int key, uint64_t size, int flags, struct shm **sp, int *idp)
{
	struct ipc_object *io;
	int error;

	spin_lock(&shm_table.it_spin);
	error = ipc_find_key(&shm_table, key, flags, shm_match, size, &io);
	if (error == ENOENT &&
	    ((flags & IPC_CREAT) != 0 || key == IPC_PRIVATE) &&
	    (error = shm_check_size(size)) == 0) {
		error = ENOENT;
		if (*sp != NULL) {
			error = ipc_enter(&shm_table, &(*sp)->s_io, key, flags,
			    shm_max_segments);
			io = &(*sp)->s_io;
		}
		if (error == 0) {
			shm_pages += shm_npages(*sp);
			*sp = NULL;
		}
	}
	if (error == 0)
		*idp = io->io_perm.id;
	spin_unlock(&shm_table.it_spin);
	return (error);
}

int
kern_shmget(int key, uint64_t size, int flags, int *idp)
{
	bool make = (flags & IPC_CREAT) != 0 || key == IPC_PRIVATE;
	struct shm *s = NULL;
	int error;

	for (;;) {
		error = shm_get_try(key, size, flags, &s, idp);
		if (error == ENOENT && make && s == NULL) {
			if ((s = shm_create(size)) == NULL)
				return (ENOMEM);
		} else if (error != EAGAIN ||
		    (error = ipc_table_grow(&shm_table)) != 0) {
			break;
		}
	}
	if (s != NULL)
		vm_object_drop(s->s_obj);
	KTR_EVENT(PROC, shmget, "key=%x size=%lu error=%d", (uint64_t)key, size,
	    (uint64_t)error);
	return (error);
}

/* --- attaching ------------------------------------------------------------------------ */

/* The segment's object, held, if we may attach it so. */
static int
shm_hold(int id, int flags, struct vm_object **objp)
{
	mode_t access = (flags & SHM_RDONLY) != 0 ? 4 : 6;
	struct ipc_object *io;
	int error;

	if ((flags & SHM_EXEC) != 0)
		access |= 1;
	spin_lock(&shm_table.it_spin);
	error = ipc_find_for(&shm_table, id, 0, access, &io);
	if (error == 0) {
		*objp = shm_of(io)->s_obj;
		vm_object_hold(*objp);
	}
	spin_unlock(&shm_table.it_spin);
	return (error);
}

/* Where it shall be: the address after rounding, and how to map. */
static int
shm_place(uaddr_t *addrp, int flags, int *vmmp)
{
	*vmmp = VMM_SHARED;
	if (*addrp == 0)
		return ((flags & SHM_REMAP) != 0 ? EINVAL : 0);
	if ((*addrp & PAGE_MASK) != 0) {
		if ((flags & SHM_RND) == 0)
			return (EINVAL);
		*addrp = trunc_page(*addrp);
		if (*addrp == 0 && (flags & SHM_REMAP) != 0)
			return (EINVAL);
	}
	*vmmp |= VMM_FIXED;
	if ((flags & SHM_REMAP) == 0)
		*vmmp |= VMM_NOREPLACE;
	return (0);
}

int
kern_shmat(int id, uaddr_t addr, int flags, uaddr_t *atp)
{
	vm_prot_t prot = VM_PROT_READ, maxprot = VM_PROT_ALL;
	struct vm_object *obj;
	int error, vmm;

	if (id < 0 || (error = shm_place(&addr, flags, &vmm)) != 0)
		return (EINVAL);
	if ((error = shm_hold(id, flags, &obj)) != 0)
		return (error);
	if ((flags & SHM_RDONLY) == 0)
		prot |= VM_PROT_WRITE;
	else
		maxprot &= ~VM_PROT_WRITE;
	if ((flags & SHM_EXEC) != 0)
		prot |= VM_PROT_EXECUTE;
	error = vm_map(curproc->p_vmspace, &addr, obj->vo_size, prot, maxprot,
	    vmm, obj, 0);
	vm_object_drop(obj);
	*atp = addr;
	KTR_EVENT(PROC, shmat, "id=%d addr=%lx error=%d", (uint64_t)id, addr,
	    (uint64_t)error);
	return (error == EEXIST ? EINVAL : error);
}

int
kern_shmdt(uaddr_t addr)
{
	if ((addr & PAGE_MASK) != 0)
		return (EINVAL);
	return (vm_unmap_view(curproc->p_vmspace, addr, &shm_ops));
}

/* --- control --------------------------------------------------------------------------- */

int
kern_shm_stat(int id, int how, struct shm_status *st)
{
	struct ipc_object *io;
	struct shm *s;
	int error;

	spin_lock(&shm_table.it_spin);
	if ((error = ipc_find_for(&shm_table, id, how, 4, &io)) == 0) {
		s = shm_of(io);
		st->perm = io->io_perm;
		st->size = s->s_size;
		st->atime = s->s_atime;
		st->dtime = s->s_dtime;
		st->ctime = s->s_ctime;
		st->cpid = s->s_cpid;
		st->lpid = s->s_lpid;
		st->nattch = s->s_obj->vo_mappings;
		st->resident = vm_object_resident(s->s_obj);
	}
	spin_unlock(&shm_table.it_spin);
	return (error);
}

int
kern_shm_set(int id, uid_t uid, gid_t gid, mode_t mode)
{
	struct ipc_object *io;
	int error;

	spin_lock(&shm_table.it_spin);
	if ((error = ipc_find_owned(&shm_table, id, &io)) == 0 &&
	    (error = ipc_set(io, uid, gid, mode)) == 0)
		shm_of(io)->s_ctime = ipc_now();
	spin_unlock(&shm_table.it_spin);
	return (error);
}

int
kern_shm_remove(int id)
{
	struct vm_object *drop = NULL;
	struct ipc_object *io;
	int error;

	spin_lock(&shm_table.it_spin);
	if ((error = ipc_find_owned(&shm_table, id, &io)) == 0) {
		struct shm *s = shm_of(io);

		if (s->s_obj->vo_mappings == 0) {
			shm_leave(s);
			drop = s->s_obj;
		} else {
			io->io_perm.mode |= SHM_DEST;
			io->io_perm.key = IPC_PRIVATE;
		}
	}
	spin_unlock(&shm_table.it_spin);
	if (drop != NULL)
		vm_object_drop(drop);
	return (error);
}

/* Memory is never paged out, so a lock is only remembered. */
int
kern_shm_lock(int id, bool lock)
{
	struct ipc_object *io;
	int error;

	spin_lock(&shm_table.it_spin);
	if ((error = ipc_find_owned(&shm_table, id, &io)) == 0) {
		if (lock)
			io->io_perm.mode |= SHM_LOCKED;
		else
			io->io_perm.mode &= ~(mode_t)SHM_LOCKED;
	}
	spin_unlock(&shm_table.it_spin);
	return (error);
}

void
kern_shm_totals(struct shm_totals *t)
{
	memset(t, 0, sizeof(*t));
	spin_lock(&shm_table.it_spin);
	t->segments = shm_table.it_used;
	t->highest = MAX(shm_table.it_highest, 0);
	t->pages = shm_pages;
	for (int i = 0; i <= shm_table.it_highest; i++)
		if (shm_table.it_slots[i] != NULL)
			t->resident += vm_object_resident(
			    shm_of(shm_table.it_slots[i])->s_obj);
	t->max_bytes = shm_max_bytes;
	t->max_pages = shm_max_pages;
	t->max_segments = (uint64_t)shm_max_segments;
	spin_unlock(&shm_table.it_spin);
}

/* Segments outlive processes, but not the system. */
static void
shm_shutdown(void)
{
	struct vm_object *obj;

	for (int i = 0; i < shm_table.it_nslots; i++) {
		spin_lock(&shm_table.it_spin);
		obj = NULL;
		if (shm_table.it_slots[i] != NULL) {
			struct shm *s = shm_of(shm_table.it_slots[i]);

			obj = s->s_obj;
			shm_leave(s);
		}
		spin_unlock(&shm_table.it_spin);
		if (obj != NULL)
			vm_object_drop(obj);
	}
	ipc_table_free(&shm_table);
}
SHUTDOWN_HOOK(sysv_shm, shm_shutdown);
