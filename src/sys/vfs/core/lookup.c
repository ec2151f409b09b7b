/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a path name to a place in the tree.
 *
 * 1. A place is a mount, a name node and its vnode, all held; a struct path is
 *    a place that can be shared.  The walk keeps one place, replaces it
 *    component by component and ends in a nameidata.
 *
 * 2. Each directory on the way must grant search permission.  A component is
 *    asked from the name cache; if that does not know it, the directory is
 *    locked shared, the cache asked again, then the file system.
 *
 * 3. After each step: cross onto what is mounted there; if a symlink is to be
 *    followed, its text and the rest of the path become the new path, which
 *    starts at the directory (or the root).  Magic links are places themselves.
 *
 * 4. `..` stops at the process's root (the chroot barrier) and goes from a
 *    mount's root to the place it covers.
 *
 * 5. NI_BENEATH is for hostile paths: absolute names, absolute links, magic
 *    links and `..` above the start give EXDEV.  NI_INROOT makes the start the
 *    root for this walk.  NI_NOXDEV keeps it in one mount, NI_NOSYM and
 *    NI_NOMAGIC from links (ELOOP), NI_CACHED from the file system (EAGAIN).
 *
 * Locking: no lock is held between components.  At most one vnode lock is held
 * at a time (the directory that is searched).
 */
#include "vfs_var.h"
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>

static struct zone *path_zone;	  /* struct path */
static struct zone *pathbuf_zone; /* PATH_MAX_ABI bytes */

struct walk {
	struct nameidata *wk_nd;
	struct place wk_at;
	struct path *wk_root;  /* barrier of `..`, start of "/" */
	struct path *wk_start; /* where a beneath walk must stay */
	const char *wk_next;   /* the rest of the path */
	char *wk_buf;	       /* owns wk_next after a symlink */
};

struct component {
	const char *co_name;
	size_t co_len;
	enum last_kind co_kind;
	bool co_last;  /* only slashes follow */
	bool co_slash; /* and at least one does */
};

/* --- places and paths --------------------------------------------------------- */

void
place_hold(struct place *dst, const struct place *src)
{
	mount_hold(src->pl_mount);
	nc_hold(src->pl_name);
	vnode_hold(src->pl_vnode);
	*dst = *src;
}

void
place_from_path(struct place *pl, struct path *p)
{
	struct place src = {p->pt_mount, p->pt_name, p->pt_vnode};

	place_hold(pl, &src);
}

/* Drops what is there, and empties the place.  May sleep. */
void
place_drop(struct place *pl)
{
	if (pl->pl_vnode == NULL)
		return;
	vnode_drop(pl->pl_vnode);
	nc_drop(pl->pl_name);
	mount_drop(pl->pl_mount);
	pl->pl_vnode = NULL;
}

/* The place becomes a path; on NULL (ENOMEM) it was dropped. */
struct path *
place_to_path(struct place *pl)
{
	struct path *p = zone_alloc(path_zone, M_WAITOK);

	if (p == NULL) {
		place_drop(pl);
		return (NULL);
	}
	ref_init(&p->pt_refs, 1);
	p->pt_mount = pl->pl_mount;
	p->pt_name = pl->pl_name;
	p->pt_vnode = pl->pl_vnode;
	pl->pl_vnode = NULL;
	return (p);
}

void
path_hold(struct path *p)
{
	ref_hold(&p->pt_refs);
}

void
path_drop(struct path *p)
{
	struct place pl;

	if (!ref_drop(&p->pt_refs))
		return;
	pl.pl_mount = p->pt_mount;
	pl.pl_name = p->pt_name;
	pl.pl_vnode = p->pt_vnode;
	zone_free(path_zone, p);
	place_drop(&pl);
}

struct path *
path_of_vnode(struct vnode *vp)
{
	struct place pl = {.pl_mount = vp->v_mount, .pl_vnode = vp};

	if ((pl.pl_name = nc_create_detached(vp, "(unnamed)")) == NULL)
		return (NULL);
	vnode_hold(vp);
	mount_hold(pl.pl_mount);
	return (place_to_path(&pl));
}

struct path *
path_of_file(struct file *fp)
{
	if (fp->f_path != NULL) {
		path_hold(fp->f_path);
		return (fp->f_path);
	}
	return (fp->f_vnode != NULL ? path_of_vnode(fp->f_vnode) : NULL);
}

int
path_from_file(struct file *fp, struct path **pp)
{
	*pp = fp->f_path;
	if (fp->f_path != NULL)
		path_hold(fp->f_path);
	file_drop(fp);
	return (*pp != NULL ? 0 : EOPNOTSUPP);
}

/* A buffer for one path of PATH_MAX_ABI bytes, or NULL. */
static char *
pathbuf_alloc(void)
{
	return (zone_alloc(pathbuf_zone, M_WAITOK));
}

/*
 * A copy of a user's path.  0, EFAULT, ENAMETOOLONG, ENOMEM.  May sleep.
 */
int
path_copyin(uaddr_t upath, char **pathp)
{
	char *buf = pathbuf_alloc();
	size_t done;
	int error;

	if (buf == NULL)
		return (ENOMEM);
	error = copyinstr(upath, buf, PATH_MAX_ABI, &done);
	if (error != 0) {
		zone_free(pathbuf_zone, buf);
		return (error);
	}
	*pathp = buf;
	return (0);
}

void
path_free(char *path)
{
	if (path != NULL)
		zone_free(pathbuf_zone, path);
}

/* --- one component ------------------------------------------------------------- */

/* Ask the file system, and remember the answer.  dvp locked, any way. */
static int
lookup_uncached(struct place *dir, const char *name, size_t len,
    struct namecache **ncp, struct vnode **vpp)
{
	struct vnode *dvp = dir->pl_vnode, *vp;
	bool cache = (dvp->v_flags & VF_NOCACHE) == 0 &&
	    dvp->v_mount->mnt_attached != 0 && !nc_is_unlinked(dir->pl_name);
	int error;

	error = VOP_CALL(dvp, vop_lookup, ENOTDIR, dvp, name, len, &vp);
	KTR_EVENT(VFS, lookup, "dvp=%p len=%lu error=%d", KTRP(dvp), len,
	    (uint64_t)error);
	if (error == ENOENT && cache)
		(void)nc_enter(dir->pl_name, name, len, NULL, NULL);
	if (error != 0)
		return (error);
	error = nc_enter(dir->pl_name, name, len, vp, ncp);
	if (error != 0) {
		vnode_drop(vp);
		return (error);
	}
	*vpp = vp;
	return (0);
}

/*
 * The child of dir called name, held, without crossing mounts.  excl: the
 * directory is locked already.  0, ENOENT, or the file system's error.
 */
static int
lookup_child(struct place *dir, const char *name, size_t len, bool locked,
    bool cached, struct place *child)
{
	struct vnode *dvp = dir->pl_vnode;
	enum nc_result res;
	int error;

	child->pl_mount = dir->pl_mount;
	child->pl_vnode = NULL;
	res = nc_lookup(
	    dir->pl_name, name, len, &child->pl_name, &child->pl_vnode);
	if (res == NC_NEGATIVE)
		return (ENOENT);
	if (res == NC_MISS && cached)
		return (EAGAIN);
	if (res == NC_MISS) {
		if (!locked) {
			lock_shared(&dvp->v_lock);
			res = nc_lookup(dir->pl_name, name, len,
			    &child->pl_name, &child->pl_vnode);
		}
		error = 0;
		if (res == NC_NEGATIVE)
			error = ENOENT;
		else if (res == NC_MISS)
			error = lookup_uncached(
			    dir, name, len, &child->pl_name, &child->pl_vnode);
		if (!locked)
			lock_release(&dvp->v_lock);
		if (error != 0) {
			child->pl_vnode = NULL;
			return (error);
		}
	}
	mount_hold(child->pl_mount);
	return (0);
}

int
namei_child_locked(struct nameidata *nd, struct place *child)
{
	LOCK_ASSERT_EXCL(&nd->nd_dir.pl_vnode->v_lock);
	return (lookup_child(
	    &nd->nd_dir, nd->nd_last, nd->nd_len, true, false, child));
}

/* Cut the next component off; false at the end of the path. */
static bool
walk_component(struct walk *wk, struct component *co)
{
	const char *s = wk->wk_next, *end;

	while (*s == '/')
		s++;
	if (*s == '\0')
		return (false);
	for (end = s; *end != '\0' && *end != '/';)
		end++;
	co->co_name = s;
	co->co_len = (size_t)(end - s);
	co->co_slash = *end == '/';
	while (*end == '/')
		end++;
	co->co_last = *end == '\0';
	wk->wk_next = end;
	co->co_kind = LAST_NORMAL;
	if (co->co_len == 1 && s[0] == '.')
		co->co_kind = LAST_DOT;
	else if (co->co_len == 2 && s[0] == '.' && s[1] == '.')
		co->co_kind = LAST_DOTDOT;
	return (true);
}

static bool
place_is(const struct place *pl, const struct path *p)
{
	return (pl->pl_mount == p->pt_mount && pl->pl_name == p->pt_name);
}

/* `..` from the current place.  0, or EXDEV. */
static int
walk_dotdot(struct walk *wk)
{
	struct place *at = &wk->wk_at;
	struct mount *mp = at->pl_mount;
	struct namecache *parent;
	struct vnode *vp;

	for (;;) {
		if ((wk->wk_nd->nd_flags & NI_BENEATH) != 0 &&
		    place_is(at, wk->wk_start))
			return (EXDEV);
		if (place_is(at, wk->wk_root))
			return (0);
		if (at->pl_name != at->pl_mount->mnt_root_nc &&
		    (parent = nc_parent_get(at->pl_name, &vp)) != NULL)
			break;
		if (!mount_cross_up(at))
			return (0);
	}
	nc_drop(at->pl_name);
	vnode_drop(at->pl_vnode);
	at->pl_name = parent;
	at->pl_vnode = vp;
	while (mount_cross_down(at))
		continue;
	if (at->pl_mount != mp && (wk->wk_nd->nd_flags & NI_NOXDEV) != 0)
		return (EXDEV);
	return (0);
}

/* --- symbolic links -------------------------------------------------------------- */

/* The link's text at the start of buf: its length, > 0 and < size. */
static int
link_read(struct vnode *vp, char *buf, size_t size, size_t *lenp)
{
	struct uio uio;
	struct iovec iov;
	int error;

	uio_init(&uio, &iov, buf, size, 0, UIO_READ);
	lock_shared(&vp->v_lock);
	error = VOP_CALL(vp, vop_readlink, EINVAL, vp, &uio);
	lock_release(&vp->v_lock);
	*lenp = size - uio.uio_resid;
	if (error == 0 && *lenp == 0)
		error = ENOENT;
	if (error == 0 && *lenp == size)
		error = ENAMETOOLONG;
	return (error);
}

/* Start at the root again, or stay, as the new text says. */
static int
walk_restart(struct walk *wk)
{
	if (wk->wk_next[0] != '/')
		return (0);
	if ((wk->wk_nd->nd_flags & NI_BENEATH) != 0 ||
	    ((wk->wk_nd->nd_flags & NI_NOXDEV) != 0 && wk->wk_buf != NULL &&
		wk->wk_at.pl_mount != wk->wk_root->pt_mount))
		return (EXDEV);
	place_drop(&wk->wk_at);
	place_from_path(&wk->wk_at, wk->wk_root);
	return (0);
}

/* Put the text of link before the rest of the path. */
static int
walk_text_link(struct walk *wk, struct vnode *link, bool slash)
{
	char *buf = pathbuf_alloc();
	size_t len, rest = strlen(wk->wk_next) + 1;
	int error;

	if (buf == NULL)
		return (ENOMEM);
	error = link_read(link, buf, PATH_MAX_ABI, &len);
	if (error == 0 && len + 1 + rest > PATH_MAX_ABI)
		error = ENAMETOOLONG;
	if (error != 0) {
		path_free(buf);
		return (error);
	}
	if (slash)
		buf[len++] = '/';
	memcpy(buf + len, wk->wk_next, rest);
	path_free(wk->wk_buf);
	wk->wk_buf = buf;
	wk->wk_next = buf;
	return (walk_restart(wk));
}

/* Follow a link that is a place.  EOPNOTSUPP: it is text after all. */
static int
walk_magic_link(struct walk *wk, struct vnode *link, bool last)
{
	struct nameidata *nd = wk->wk_nd;
	struct path *p;
	int error;

	if (link->v_ops->vop_follow == NULL)
		return (EOPNOTSUPP);
	if ((nd->nd_flags & NI_NOMAGIC) != 0)
		return (ELOOP);
	if ((nd->nd_flags & (NI_BENEATH | NI_INROOT)) != 0)
		return (EXDEV);
	error = VOP_CALL(link, vop_follow, EOPNOTSUPP, link, &p);
	if (error == EOPNOTSUPP && last && (nd->nd_flags & NI_FILE) != 0)
		return (VOP_CALL(
		    link, vop_follow_file, EOPNOTSUPP, link, &nd->nd_file));
	if (error == 0 && (nd->nd_flags & NI_NOXDEV) != 0 &&
	    p->pt_mount != wk->wk_at.pl_mount) {
		path_drop(p);
		error = EXDEV;
	}
	if (error != 0)
		return (error);
	place_drop(&wk->wk_at);
	place_from_path(&wk->wk_at, p);
	path_drop(p);
	nd->nd_magic = true;
	return (0);
}

/*
 * Follow the symlink at link.  On success the walk goes on: from wk_at with
 * wk_next, or it has ended in nd_file.
 */
static int
walk_link(struct walk *wk, struct place *link, const struct component *co)
{
	struct nameidata *nd = wk->wk_nd;
	int error;

	if ((nd->nd_flags & (NI_NOLINKS | NI_NOSYM)) != 0 ||
	    ++nd->nd_links > MAXSYMLINKS)
		return (ELOOP);
	error = walk_magic_link(wk, link->pl_vnode, co->co_last);
	if (error == EOPNOTSUPP)
		error = walk_text_link(wk, link->pl_vnode, co->co_slash);
	return (error);
}

/* --- the walk ----------------------------------------------------------------------- */

/* Leave the last component to the caller, with its directory. */
static int
walk_stop_at(struct walk *wk, const struct component *co)
{
	struct nameidata *nd = wk->wk_nd;

	memcpy(nd->nd_last, co->co_name, co->co_len);
	nd->nd_last[co->co_len] = '\0';
	nd->nd_len = co->co_len;
	nd->nd_kind = co->co_kind;
	nd->nd_slash = co->co_slash;
	nd->nd_dir = wk->wk_at;
	wk->wk_at.pl_vnode = NULL;
	return (0);
}

static bool
walk_follows(const struct nameidata *nd, const struct component *co)
{
	return (!co->co_last || co->co_slash ||
	    (nd->nd_flags & (NI_FOLLOW | NI_NOLINKS)) != 0);
}

/* A component that is a name.  *stopp: the walk ended early, well. */
static int
walk_name(struct walk *wk, const struct component *co, bool *stopp)
{
	struct nameidata *nd = wk->wk_nd;
	struct place child;
	int error;

	error = lookup_child(&wk->wk_at, co->co_name, co->co_len, false,
	    (nd->nd_flags & NI_CACHED) != 0, &child);
	if (error == ENOENT && co->co_last && (nd->nd_flags & NI_CREATE) != 0) {
		*stopp = true;
		return (walk_stop_at(wk, co));
	}
	if (error != 0)
		return (error);
	while (mount_cross_down(&child))
		continue;
	if (child.pl_mount != wk->wk_at.pl_mount &&
	    (nd->nd_flags & NI_NOXDEV) != 0) {
		place_drop(&child);
		return (EXDEV);
	}
	if (child.pl_vnode->v_type == VLNK && walk_follows(nd, co)) {
		error = walk_link(wk, &child, co);
		place_drop(&child);
		*stopp = nd->nd_file != NULL;
		return (error);
	}
	place_drop(&wk->wk_at);
	wk->wk_at = child;
	return (0);
}

/* One component of any kind, from a directory that may be searched. */
static int
walk_step(struct walk *wk, struct component *co, bool *stopp)
{
	struct nameidata *nd = wk->wk_nd;
	struct vnode *dvp = wk->wk_at.pl_vnode;
	int error;

	if (dvp->v_type != VDIR)
		return (ENOTDIR);
	if (co->co_len > NAME_MAX)
		return (ENAMETOOLONG);
	lock_shared(&dvp->v_lock);
	error = vop_access_locked(dvp, X_OK, nd->nd_cred);
	lock_release(&dvp->v_lock);
	if (error != 0)
		return (error);
	if (co->co_last && (nd->nd_flags & NI_PARENT) != 0) {
		*stopp = true;
		return (walk_stop_at(wk, co));
	}
	if (co->co_kind == LAST_DOT)
		return (0);
	if (co->co_kind == LAST_DOTDOT)
		return (walk_dotdot(wk));
	return (walk_name(wk, co, stopp));
}

/* The whole path, from wk_at. */
static int
walk_path(struct walk *wk)
{
	struct nameidata *nd = wk->wk_nd;
	struct component co;
	bool stop = false;
	int error = 0;

	while (error == 0 && !stop && walk_component(wk, &co)) {
		nd->nd_slash = co.co_slash;
		nd->nd_kind = co.co_kind;
		error = walk_step(wk, &co, &stop);
	}
	if (error != 0 || stop)
		return (error);
	if ((nd->nd_slash || (nd->nd_flags & NI_DIR) != 0) &&
	    wk->wk_at.pl_vnode->v_type != VDIR)
		return (ENOTDIR);
	nd->nd_place = wk->wk_at;
	wk->wk_at.pl_vnode = NULL;
	return (0);
}

/* Set the walk's start from start and the path's first byte. */
static int
walk_begin(struct walk *wk, struct path *start, const char *name)
{
	wk->wk_next = name;
	wk->wk_buf = NULL;
	wk->wk_start = start;
	place_from_path(&wk->wk_at, start);
	return (walk_restart(wk));
}

/*
 * Resolve name from start.  On 0 the nameidata holds its places (or nd_file):
 * namei_done.  On an error it holds nothing.  May sleep.
 */
int
namei_from(
    struct nameidata *nd, struct path *start, const char *name, int flags)
{
	struct walk wk = {.wk_nd = nd};
	int error;

	nd->nd_dir.pl_vnode = NULL;
	nd->nd_place.pl_vnode = NULL;
	nd->nd_file = NULL;
	nd->nd_flags = flags;
	nd->nd_links = 0;
	nd->nd_slash = nd->nd_magic = false;
	nd->nd_kind = LAST_ROOT;
	nd->nd_len = 0;
	if (name[0] == '\0' && (flags & NI_EMPTY) == 0)
		return (ENOENT);
	if ((flags & NI_INROOT) != 0) {
		wk.wk_root = start;
		path_hold(start);
	} else if (curproc != NULL && curproc->p_fs != NULL)
		wk.wk_root = fs_context_root(curproc->p_fs);
	else
		wk.wk_root = path_root();
	if (wk.wk_root == NULL)
		return (ENOENT);
	error = walk_begin(&wk, start, name);
	if (error == 0)
		error = walk_path(&wk);
	place_drop(&wk.wk_at);
	path_free(wk.wk_buf);
	path_drop(wk.wk_root);
	KTR_EVENT(VFS, namei, "flags=%x links=%d vp=%p error=%d",
	    (uint64_t)flags, (uint64_t)nd->nd_links,
	    KTRP(nd->nd_place.pl_vnode), (uint64_t)error);
	return (error);
}

/* Where a relative path of dirfd starts: held.  EBADF, ENOTDIR, ENOENT. */
static int
namei_start(int dirfd, const char *name, int flags, struct path **pp)
{
	struct proc *p = curproc;
	struct file *fp;
	int error;

	*pp = NULL;
	if (p == NULL || p->p_fs == NULL) {
		*pp = path_root();
		return (*pp != NULL ? 0 : ENOENT);
	}
	if (dirfd == AT_FDCWD ||
	    (name[0] == '/' && (flags & (NI_INROOT | NI_BENEATH)) == 0)) {
		*pp = fs_context_cwd(p->p_fs);
		return (*pp != NULL ? 0 : ENOENT);
	}
	if ((error = fd_get(dirfd, 0, &fp)) != 0)
		return (error);
	if (fp->f_vnode == NULL ||
	    (fp->f_vnode->v_type != VDIR &&
		(name[0] != '\0' || (flags & NI_EMPTY) == 0)))
		error = ENOTDIR;
	else if ((*pp = path_of_file(fp)) == NULL)
		error = ENOMEM;
	file_drop(fp);
	return (error);
}

/* Resolve name as the current process sees it, but with cred. */
int
namei_cred(struct nameidata *nd, struct ucred *cred, int dirfd,
    const char *name, int flags)
{
	struct path *start;
	int error;

	nd->nd_cred = cred;
	if (name[0] == '\0' && (flags & NI_EMPTY) == 0)
		return (ENOENT);
	if ((error = namei_start(dirfd, name, flags, &start)) != 0)
		return (error);
	error = namei_from(nd, start, name, flags);
	path_drop(start);
	return (error);
}

int
namei(struct nameidata *nd, int dirfd, const char *name, int flags)
{
	return (namei_cred(nd, cred_current(), dirfd, name, flags));
}

void
namei_done(struct nameidata *nd)
{
	place_drop(&nd->nd_place);
	place_drop(&nd->nd_dir);
	if (nd->nd_file != NULL)
		file_drop(nd->nd_file);
	nd->nd_file = NULL;
}

/* --- the public forms ------------------------------------------------------------ */

int
path_lookup(int dirfd, const char *name, int flags, struct path **pp)
{
	struct nameidata nd;
	int ni = (flags & LOOKUP_NOFOLLOW) != 0 ? 0 : NI_FOLLOW;
	int error;

	if ((flags & LOOKUP_DIR) != 0)
		ni |= NI_DIR;
	if ((flags & LOOKUP_BENEATH) != 0)
		ni |= NI_BENEATH;
	if ((flags & LOOKUP_EMPTY) != 0)
		ni |= NI_EMPTY;
	if ((error = namei(&nd, dirfd, name, ni)) != 0)
		return (error);
	*pp = place_to_path(&nd.nd_place);
	return (*pp != NULL ? 0 : ENOMEM);
}

/* EINVAL if the last component is not a name ("/", ".", ".."). */
int
path_lookup_parent(int dirfd, const char *name, struct path **dirp,
    char last[NAME_MAX + 1], bool *trailing_slashp)
{
	struct nameidata nd;
	int error;

	if ((error = namei(&nd, dirfd, name, NI_PARENT)) != 0)
		return (error);
	if (nd.nd_kind != LAST_NORMAL) {
		namei_done(&nd);
		return (EINVAL);
	}
	memcpy(last, nd.nd_last, nd.nd_len + 1);
	*trailing_slashp = nd.nd_slash;
	*dirp = place_to_path(&nd.nd_dir);
	return (*dirp != NULL ? 0 : ENOMEM);
}

/* Prepend names until root, crossing mounts.  pl is consumed. */
static int
path_prepend(
    struct place *pl, struct path *root, bool gone, char *buf, size_t *posp)
{
	struct namecache *stop;
	int error;

	for (;;) {
		stop = root != NULL && root->pt_mount == pl->pl_mount
		    ? root->pt_name
		    : NULL;
		*posp = nc_name_prepend(pl->pl_name, buf, *posp, gone,
		    pl->pl_mount->mnt_root_nc, &error, &stop);
		if (error != 0)
			break;
		if (root != NULL && root->pt_mount == pl->pl_mount &&
		    root->pt_name == stop)
			break;
		if (!mount_cross_up(pl)) {
			error = root != NULL && !gone ? ENOENT : 0;
			break;
		}
	}
	place_drop(pl);
	return (error);
}

/*
 * The absolute name of p below root (NULL: the top of the name space).  0,
 * ENAMETOOLONG, ENOENT (unlinked, or not below root).
 */
int
path_name(struct path *p, struct path *root, char *buf, size_t size)
{
	struct place pl;
	size_t pos;
	int error;

	if (size < 2)
		return (ENAMETOOLONG);
	pos = size - 1;
	buf[pos] = '\0';
	place_from_path(&pl, p);
	if ((error = path_prepend(&pl, root, false, buf, &pos)) != 0)
		return (error);
	if (pos == size - 1)
		buf[--pos] = '/';
	memmove(buf, buf + pos, size - pos);
	return (0);
}

#define GONE " (deleted)"

int
path_text(struct path *p, struct path *root, char *buf, size_t size)
{
	struct place pl;
	size_t pos;
	int error;

	if (!nc_is_unlinked(p->pt_name) ||
	    (error = path_name(p, root, buf, size)) != ENOENT)
		return (path_name(p, root, buf, size));
	if (size < sizeof(GONE) + 1)
		return (ENAMETOOLONG);
	pos = size - sizeof(GONE);
	memcpy(buf + pos, GONE, sizeof(GONE));
	place_from_path(&pl, p);
	if ((error = path_prepend(&pl, root, true, buf, &pos)) != 0)
		return (error);
	memmove(buf, buf + pos, size - pos);
	return (0);
}

int
vnode_name(struct vnode *vp, struct path *root, char *buf, size_t size)
{
	struct place pl = {.pl_mount = vp->v_mount};
	struct path *p;
	int error;

	if ((pl.pl_name = nc_of_vnode(vp)) == NULL)
		return (ENOENT);
	pl.pl_vnode = vp;
	vnode_hold(vp);
	mount_hold(pl.pl_mount);
	if ((p = place_to_path(&pl)) == NULL)
		return (ENOMEM);
	error = path_text(p, root, buf, size);
	path_drop(p);
	return (error);
}

static void
lookup_start(void)
{
	path_zone = zone_create("path", sizeof(struct path), 16);
	pathbuf_zone = zone_create("pathbuf", PATH_MAX_ABI, 64);
}
SYSINIT(lookup, SI_VFS, lookup_start);
