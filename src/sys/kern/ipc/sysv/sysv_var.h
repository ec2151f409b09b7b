/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to System V IPC: tables of objects with keys, ids and permissions.
 *
 * (i) the table's it_spin   (c) set at creation
 */
#ifndef KERN_SYSV_VAR_H
#define KERN_SYSV_VAR_H

#include <sys/malloc.h>
#include <sys/sysvipc.h>
#include <sys/systm.h>
#include <sys/ucred.h>

MALLOC_DECLARE(M_SYSV);

/* First member of every kind's object. */
struct ipc_object {
	struct ipc_perm io_perm; /* (i) */
	int io_index;		 /* (i) slot; -1: removed */
};

struct ipc_table {
	struct spinlock it_spin;
	struct ipc_object **it_slots; /* (i) */
	int it_nslots;		      /* (i) allocated */
	int it_used;		      /* (i) objects */
	int it_highest;		      /* (i) highest slot in use, or -1 */
	int it_last;		      /* (i) slot of the newest object */
	uint32_t it_seq;	      /* (i) */
};
#define IPC_SLOTS_MAX 32768 /* an id is a sequence number and a slot */

/* The rule for one kind when an existing object is asked for by its key. */
typedef int (*ipc_match_t)(struct ipc_object *io, uint64_t arg);

/*
 * (i) Find by key: 0 and *iop, ENOENT, EEXIST, EACCES, or match's error.
 */
int ipc_find_key(struct ipc_table *it, int key, int flags, ipc_match_t match,
    uint64_t arg, struct ipc_object **iop);
/*
 * (i) Enter io, whose owner and mode are filled in, under key.  0; ENOSPC
 * (max objects are there); EAGAIN: no free slot, let the lock go, call
 * ipc_table_grow and begin again.
 */
int ipc_enter(
    struct ipc_table *it, struct ipc_object *io, int key, int flags, int max);
int ipc_table_grow(struct ipc_table *it); /* 0 or ENOMEM; no lock held */
void ipc_leave(struct ipc_table *it, struct ipc_object *io); /* (i) */
/* (i) The object of an id or (IPC_BY_INDEX) a slot: EINVAL. */
int ipc_find(struct ipc_table *it, int id, int how, struct ipc_object **iop);
/* (i) The same for who may do access (bits as in one digit of a mode). */
int ipc_find_for(struct ipc_table *it, int id, int how, mode_t access,
    struct ipc_object **iop);
/* (i) The same for the owner, the creator or root: EPERM. */
int ipc_find_owned(struct ipc_table *it, int id, struct ipc_object **iop);
int ipc_set(struct ipc_object *io, uid_t uid, gid_t gid, mode_t mode); /* (i) */
int64_t ipc_now(void); /* seconds since 1970 */
/* At shutdown: the slots' memory goes; the objects are gone. */
void ipc_table_free(struct ipc_table *it);

#endif
