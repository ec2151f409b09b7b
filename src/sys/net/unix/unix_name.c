/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of AF_UNIX sockets: a path, whose vnode points to the socket (v_special)
 * and is held by it; or an abstract name, which begins with a NUL and lives in a
 * table here and nowhere else.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/kern_calls.h>
#include <sys/proc.h>
#include <sys/stat.h>
#include <sys/ucred.h>
#include <sys/vnode.h>
#include "unix_var.h"

#define PATH_BYTES 108 /* of sun_path */
#define HASH_SIZE  64
#define AUTO_MAX   0x100000

static struct unpcb_list abstract[HASH_SIZE]; /* (u) */
static uint32_t auto_next;		      /* (u) */

static struct unpcb_list *
abstract_row(const struct sockname *name)
{
	return (&abstract[hash64(name->sn_data, name->sn_len, 0) % HASH_SIZE]);
}

/* (u) */
static struct unpcb *
abstract_find(const struct sockname *name)
{
	struct unpcb *un;

	LIST_FOREACH(un, abstract_row(name), un_abstract)
		if (un->un_name.sn_len == name->sn_len &&
		    memcmp(un->un_name.sn_data, name->sn_data, name->sn_len) ==
			0)
			return (un);
	return (NULL);
}

static bool
is_abstract(const struct sockname *name)
{
	return (name->sn_data[0] == '\0');
}

/* A path as a string; ends at the first NUL. */
static int
path_of(const struct sockname *name, char path[PATH_BYTES + 1])
{
	if (name->sn_len > PATH_BYTES)
		return (EINVAL);
	memcpy(path, name->sn_data, name->sn_len);
	path[name->sn_len] = '\0';
	return (0);
}

/* --- binding ------------------------------------------------------------------- */

/* (u) excl. */
static int
bind_abstract(struct unpcb *un, const struct sockname *name)
{
	if (abstract_find(name) != NULL)
		return (EADDRINUSE);
	un->un_name = *name;
	LIST_INSERT_HEAD(abstract_row(name), un, un_abstract);
	return (0);
}

/* (u) excl.  A NUL and five hexadecimal digits. */
static int
bind_auto(struct unpcb *un)
{
	struct sockname name = {.sn_family = AF_UNIX, .sn_len = 6};
	char digits[8];

	for (uint32_t i = 0; i < AUTO_MAX; i++) {
		ksnprintf(digits, sizeof(digits), "%05x",
		    auto_next++ & (AUTO_MAX - 1));
		memcpy(name.sn_data + 1, digits, 5);
		if (bind_abstract(un, &name) == 0)
			return (0);
	}
	return (ENOSPC);
}

/* Makes the socket's file; *vpp is held. */
static int
make_file(const struct sockname *name, struct vnode **vpp)
{
	char path[PATH_BYTES + 1];
	struct path *p;
	int error;

	if ((error = path_of(name, path)) != 0)
		return (error);
	error = kern_mknodat(AT_FDCWD, path, S_IFSOCK | 0777, 0);
	if (error != 0)
		return (error == EEXIST ? EADDRINUSE : error);
	if ((error = path_lookup(AT_FDCWD, path, LOOKUP_NOFOLLOW, &p)) != 0) {
		/* A bind that failed leaves no file. */
		if (error != ENOENT)
			(void)kern_unlinkat(AT_FDCWD, path, 0);
		return (error);
	}
	*vpp = p->pt_vnode;
	vnode_hold(*vpp);
	path_drop(p);
	return (0);
}

/* The name without what follows a NUL in a path. */
static struct sockname
trimmed(const struct sockname *name)
{
	struct sockname n = *name;

	if (n.sn_len > 0 && !is_abstract(&n))
		n.sn_len = (uint16_t)strnlen((const char *)n.sn_data, n.sn_len);
	return (n);
}

int
unix_bind(struct socket *so, const struct sockname *given)
{
	struct unpcb *un = unpcb_of(so);
	struct sockname name = trimmed(given);
	struct vnode *vp = NULL;
	bool path = name.sn_len > 0 && !is_abstract(&name);
	int error = 0;

	if (name.sn_family != AF_UNIX)
		return (EINVAL);
	if (un->un_name.sn_len > 0)
		return (EINVAL);
	if (path && (error = make_file(&name, &vp)) != 0)
		return (error);
	lock_excl(&unix_lock);
	if (un->un_name.sn_len > 0)
		error = EINVAL; /* somebody else just did */
	else if (!path)
		error =
		    name.sn_len > 0 ? bind_abstract(un, &name) : bind_auto(un);
	else if (vp->v_type != VSOCK || vp->v_special != NULL)
		error = EADDRINUSE;
	else {
		un->un_name = name;
		un->un_vnode = vp;
		vp->v_special = un;
		vp = NULL;
	}
	lock_release(&unix_lock);
	if (vp != NULL)
		vnode_drop(vp);
	return (error);
}

struct vnode *
unix_unbind(struct unpcb *un)
{
	struct vnode *vp = un->un_vnode;

	LOCK_ASSERT_EXCL(&unix_lock);
	if (vp != NULL) {
		vp->v_special = NULL;
		un->un_vnode = NULL;
	} else if (un->un_abstract.le_prev != NULL)
		LIST_REMOVE(un, un_abstract);
	return (vp);
}

/* --- finding -------------------------------------------------------------------- */

/* (u) */
static int
hold(struct unpcb *un, struct socket **sop)
{
	if (un == NULL || (un->un_socket->so_state & SS_CLOSED) != 0)
		return (ECONNREFUSED);
	socket_hold(un->un_socket);
	*sop = un->un_socket;
	return (0);
}

static int
find_path(const struct sockname *name, struct socket **sop)
{
	char path[PATH_BYTES + 1];
	struct vnode *vp;
	struct path *p;
	int error;

	if ((error = path_of(name, path)) != 0)
		return (error);
	if ((error = path_lookup(AT_FDCWD, path, 0, &p)) != 0)
		return (error);
	vp = p->pt_vnode;
	if (vp->v_type != VSOCK)
		error = ECONNREFUSED;
	else if ((error = vn_access(vp, 2, cred_current())) == 0) {
		lock_shared(&unix_lock);
		error = hold(vp->v_special, sop);
		lock_release(&unix_lock);
	}
	path_drop(p);
	return (error);
}

int
unix_find(const struct sockname *given, struct socket **sop)
{
	struct sockname name = trimmed(given);
	int error;

	if (name.sn_family != AF_UNIX || name.sn_len == 0)
		return (EINVAL);
	if (!is_abstract(&name))
		return (find_path(&name, sop));
	lock_shared(&unix_lock);
	error = hold(abstract_find(&name), sop);
	lock_release(&unix_lock);
	return (error);
}
