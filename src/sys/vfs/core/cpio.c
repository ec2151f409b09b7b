/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpacking a cpio archive ("newc", with or without checksum) into the root.
 *
 * 1. The archive is a stream: entries of a 110-byte header in hexadecimal, the
 *    name, the data, each padded to 4 bytes; an entry TRAILER!!! ends it.  Zero
 *    bytes and further archives may follow.
 *
 *	offset size  field		offset size  field
 *	     0    6  070701 or 070702	    62    8  device, major
 *	     6    8  inode		    70    8  device, minor
 *	    14    8  mode		    78    8  rdev, major
 *	    22    8  uid		    86    8  rdev, minor
 *	    30    8  gid		    94    8  bytes of name with NUL
 *	    38    8  links		   102    8  checksum (070702)
 *	    46    8  mtime		   110       name
 *	    54    8  bytes of data
 *
 * 2. Nothing in it is trusted.  Names lose their leading slashes; a component
 *    ".." is refused, and the walk to the parent directory may not leave the
 *    root by a link either (NI_BENEATH).  Sizes are checked before use.
 *
 * 3. Hard links: entries with more than one link and the same device and inode
 *    are one file; the data stand at one of them.  A table holds their vnodes
 *    until the archive ends.
 *
 * 4. An existing file of an entry's name is replaced, an existing directory
 *    takes the entry's attributes.
 *
 * Every failure names the entry in *errp, a static text.
 */
#include "vfs_var.h"
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/thread.h>

static MALLOC_DEFINE(M_CPIO, "cpio", "unpacking an archive");

#define CPIO_HEADER	110
#define CPIO_CHUNK	(32 * 1024)
#define CPIO_LINKS_HASH 256

struct cpio_link {
	LIST_ENTRY(cpio_link) cl_link;
	uint64_t cl_dev, cl_ino;
	struct vnode *cl_vnode; /* held */
};

struct cpio {
	int (*c_read)(void *arg, void *buf, size_t len, size_t *donep);
	void *c_arg;
	uint64_t c_offset; /* bytes read, for padding and messages */
	struct path *c_root;
	char *c_name; /* PATH_MAX_ABI bytes */
	char *c_buf;  /* CPIO_CHUNK bytes */
	LIST_HEAD(, cpio_link) c_links[CPIO_LINKS_HASH];
};

/* A decoded header. */
struct cpio_entry {
	uint64_t ce_ino, ce_dev, ce_size, ce_namelen, ce_check;
	dev_t ce_rdev;
	mode_t ce_mode;
	uid_t ce_uid;
	gid_t ce_gid;
	uint32_t ce_nlink;
	int64_t ce_mtime;
	bool ce_checked; /* 070702: ce_check is the sum of the data bytes */
};

static char cpio_message[160]; /* boot only: one unpacking at a time */

/* Say what is wrong with which entry; gives error back. */
static int
cpio_fail(struct cpio *c, const char **errp, int error, const char *what)
{
	ksnprintf(cpio_message, sizeof(cpio_message),
	    "cpio: %s (entry \"%.64s\", byte %lu, error %d)", what, c->c_name,
	    c->c_offset, error);
	*errp = cpio_message;
	return (error);
}

/* --- the stream ------------------------------------------------------------------ */

/* Exactly len bytes.  0, EIO (the stream ends early), or its error. */
static int
cpio_get(struct cpio *c, void *buf, size_t len)
{
	size_t done;
	int error;

	for (size_t at = 0; at < len; at += done) {
		ipi_poll(); /* a large archive takes its time: still alive */
		error = c->c_read(c->c_arg, (char *)buf + at, len - at, &done);
		if (error != 0)
			return (error);
		if (done == 0 || done > len - at)
			return (EIO);
		c->c_offset += done;
	}
	return (0);
}

/* Up to the next multiple of 4. */
static int
cpio_pad(struct cpio *c)
{
	char pad[4];

	return (cpio_get(c, pad, (4 - (c->c_offset & 3)) & 3));
}

/* The first byte that is not a zero.  *endp: the stream ended before it. */
static int
cpio_skip_zeros(struct cpio *c, char *bytep, bool *endp)
{
	size_t done;
	int error;

	*endp = false;
	do {
		if ((error = c->c_read(c->c_arg, bytep, 1, &done)) != 0)
			return (error);
		c->c_offset += done;
		if (done == 0) {
			*endp = true;
			return (0);
		}
	} while (*bytep == '\0');
	return (0);
}

/* --- headers --------------------------------------------------------------------------- */

/* Eight hexadecimal digits.  False: something else. */
static bool
cpio_field(const char *s, uint64_t *valuep)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++) {
		char ch = s[i];

		value <<= 4;
		if (ch >= '0' && ch <= '9')
			value |= (uint64_t)(ch - '0');
		else if (ch >= 'a' && ch <= 'f')
			value |= (uint64_t)(ch - 'a' + 10);
		else if (ch >= 'A' && ch <= 'F')
			value |= (uint64_t)(ch - 'A' + 10);
		else
			return (false);
	}
	*valuep = value;
	return (true);
}

enum {
	CF_INO,
	CF_MODE,
	CF_UID,
	CF_GID,
	CF_NLINK,
	CF_MTIME,
	CF_SIZE,
	CF_DEVMAJ,
	CF_DEVMIN,
	CF_RMAJ,
	CF_RMIN,
	CF_NAMELEN,
	CF_CHECK,
	CF_COUNT
};

/* Decode a header; NULL or what is wrong with it. */
static const char *
cpio_decode(const char *h, struct cpio_entry *ce)
{
	uint64_t f[CF_COUNT];

	if (memcmp(h, "\037\213", 2) == 0 ||
	    memcmp(h,
		"\375"
		"7zXZ",
		5) == 0 ||
	    memcmp(h, "\050\265\057\375", 4) == 0)
		return ("the archive is compressed: give it unpacked");
	ce->ce_checked = memcmp(h, "070702", 6) == 0;
	if (!ce->ce_checked && memcmp(h, "070701", 6) != 0)
		return ("bad magic: not a newc archive, or corrupt");
	for (int i = 0; i < CF_COUNT; i++) {
		if (!cpio_field(h + 6 + 8 * i, &f[i]))
			return ("a header field is not hexadecimal");
	}
	ce->ce_ino = f[CF_INO];
	ce->ce_mode = (mode_t)f[CF_MODE];
	ce->ce_uid = (uid_t)f[CF_UID];
	ce->ce_gid = (gid_t)f[CF_GID];
	ce->ce_nlink = (uint32_t)f[CF_NLINK];
	ce->ce_mtime = (int64_t)f[CF_MTIME];
	ce->ce_size = f[CF_SIZE];
	ce->ce_dev = makedev(f[CF_DEVMAJ], f[CF_DEVMIN]);
	ce->ce_rdev = makedev(f[CF_RMAJ], f[CF_RMIN]);
	ce->ce_namelen = f[CF_NAMELEN];
	ce->ce_check = f[CF_CHECK];
	if (ce->ce_namelen < 2 || ce->ce_namelen > PATH_MAX_ABI)
		return ("bad length of a name");
	return (NULL);
}

/* Is ".." one of the components? */
static bool
cpio_name_climbs(const char *s)
{
	while (*s != '\0') {
		if (s[0] == '.' && s[1] == '.' && (s[2] == '/' || s[2] == '\0'))
			return (true);
		while (*s != '\0' && *s != '/')
			s++;
		while (*s == '/')
			s++;
	}
	return (false);
}

/* Read and check the name: NULL or what is wrong. */
static const char *
cpio_get_name(struct cpio *c, const struct cpio_entry *ce, int *errorp)
{
	c->c_name[0] = '\0';
	if ((*errorp = cpio_get(c, c->c_name, ce->ce_namelen)) != 0) {
		c->c_name[0] = '\0';
		return ("the archive ends inside a name");
	}
	*errorp = EINVAL;
	if (strnlen(c->c_name, ce->ce_namelen) != ce->ce_namelen - 1) {
		c->c_name[ce->ce_namelen - 1] = '\0';
		return ("a name has its NUL in the wrong place");
	}
	if (cpio_name_climbs(c->c_name))
		return ("a name contains \"..\"");
	if ((*errorp = cpio_pad(c)) != 0)
		return ("the archive ends behind a name");
	return (NULL);
}

/* --- making files ---------------------------------------------------------------------- */

/* Owner, mode and time of the entry.  A link has no mode of its own. */
static int
cpio_set_attr(struct vnode *vp, const struct cpio_entry *ce)
{
	struct vattr va;
	int error;

	memset(&va, 0, sizeof(va));
	va.va_mask = VA_UID | VA_GID | VA_MTIME | VA_ATIME;
	if (vp->v_type != VLNK)
		va.va_mask |= VA_MODE;
	va.va_uid = ce->ce_uid;
	va.va_gid = ce->ce_gid;
	va.va_mode = ce->ce_mode & 07777;
	va.va_mtime.tv_sec = va.va_atime.tv_sec = ce->ce_mtime;
	lock_excl(&vp->v_lock);
	error = vn_setattr(vp, &va);
	lock_release(&vp->v_lock);
	return (error);
}

/* Remove what has the name already, unless both are directories. */
static int
cpio_clear_name(struct nameidata *nd, bool dir)
{
	struct place child;
	int error;

	error = vfs_remove_locked(nd, false, &child);
	if (error == EISDIR && dir)
		return (0);
	if (error == 0)
		place_drop(&child);
	return (error == ENOENT ? 0 : error);
}

/* Make the entry's file: held in *vpp.  An existing directory is fine. */
static int
cpio_make(struct cpio *c, const struct creation *cr, struct vnode **vpp)
{
	struct nameidata nd;
	struct place child;
	struct vnode *dvp;
	int error;

	nd.nd_cred = cred_current();
	error = namei_from(&nd, c->c_root, c->c_name, NI_PARENT | NI_BENEATH);
	if (error != 0)
		return (error);
	if (nd.nd_kind != LAST_NORMAL) { /* "." is the root itself */
		vnode_hold(c->c_root->pt_vnode);
		*vpp = c->c_root->pt_vnode;
		namei_done(&nd);
		return (cr->cr_type == VDIR ? 0 : EEXIST);
	}
	dvp = nd.nd_dir.pl_vnode;
	lock_excl(&dvp->v_lock);
	if ((error = cpio_clear_name(&nd, cr->cr_type == VDIR)) == 0)
		error = vfs_create_locked(&nd, cr, vpp);
	if (error == EEXIST && cr->cr_type == VDIR &&
	    (error = namei_child_locked(&nd, &child)) == 0) {
		*vpp = child.pl_vnode;
		vnode_hold(*vpp);
		place_drop(&child);
	}
	lock_release(&dvp->v_lock);
	namei_done(&nd);
	return (error);
}

/* The table's entry of a file with several names, or NULL. */
static struct cpio_link *
cpio_link_find(struct cpio *c, const struct cpio_entry *ce)
{
	struct cpio_link *cl;

	LIST_FOREACH(cl, &c->c_links[ce->ce_ino % CPIO_LINKS_HASH], cl_link) {
		if (cl->cl_ino == ce->ce_ino && cl->cl_dev == ce->ce_dev)
			return (cl);
	}
	return (NULL);
}

static int
cpio_link_remember(
    struct cpio *c, const struct cpio_entry *ce, struct vnode *vp)
{
	struct cpio_link *cl;

	if ((cl = kmalloc(sizeof(*cl), M_CPIO, M_WAITOK)) == NULL)
		return (ENOMEM);
	cl->cl_dev = ce->ce_dev;
	cl->cl_ino = ce->ce_ino;
	cl->cl_vnode = vp;
	vnode_hold(vp);
	LIST_INSERT_HEAD(
	    &c->c_links[ce->ce_ino % CPIO_LINKS_HASH], cl, cl_link);
	return (0);
}

static void
cpio_links_forget(struct cpio *c)
{
	struct cpio_link *cl;

	for (int i = 0; i < CPIO_LINKS_HASH; i++) {
		while ((cl = LIST_FIRST(&c->c_links[i])) != NULL) {
			LIST_REMOVE(cl, cl_link);
			vnode_drop(cl->cl_vnode);
			kfree(cl, M_CPIO);
		}
	}
}

/* Copy the data into vp; *sump gets the sum of its bytes. */
static int
cpio_copy_data(struct cpio *c, struct vnode *vp, uint64_t size, uint64_t *sump)
{
	uint64_t at = 0;
	int error;

	*sump = 0;
	while (at < size) {
		size_t n = MIN(size - at, CPIO_CHUNK);

		if ((error = cpio_get(c, c->c_buf, n)) != 0)
			return (error);
		for (size_t i = 0; i < n; i++)
			*sump += (uint8_t)c->c_buf[i];
		error = vn_rdwr(true, vp, c->c_buf, n, (off_t)at, NULL);
		if (error != 0)
			return (error);
		at += n;
	}
	return (0);
}

/* A regular file, or one more name of one.  NULL or what went wrong. */
static const char *
cpio_regular(struct cpio *c, const struct cpio_entry *ce, int *errorp)
{
	struct creation cr = {.cr_type = VREG, .cr_mode = 0600};
	struct cpio_link *cl = NULL;
	struct vnode *vp;
	uint64_t sum;

	if (ce->ce_nlink > 1 && (cl = cpio_link_find(c, ce)) != NULL)
		cr.cr_link = cl->cl_vnode;
	if ((*errorp = cpio_make(c, &cr, &vp)) != 0)
		return ("cannot create a file");
	if (ce->ce_nlink > 1 && cl == NULL)
		*errorp = cpio_link_remember(c, ce, vp);
	if (*errorp == 0)
		*errorp = cpio_copy_data(c, vp, ce->ce_size, &sum);
	if (*errorp == 0)
		*errorp = cpio_set_attr(vp, ce);
	vnode_drop(vp);
	if (*errorp != 0)
		return ("cannot fill a file");
	if (ce->ce_checked && (uint32_t)sum != ce->ce_check) {
		*errorp = EINVAL;
		return ("a file's checksum is wrong");
	}
	return (NULL);
}

static const char *
cpio_symlink(struct cpio *c, const struct cpio_entry *ce, int *errorp)
{
	struct creation cr = {.cr_type = VLNK, .cr_mode = 0777};
	struct vnode *vp;

	*errorp = EINVAL;
	if (ce->ce_size == 0 || ce->ce_size >= PATH_MAX_ABI)
		return ("bad length of a symbolic link");
	if ((*errorp = cpio_get(c, c->c_buf, ce->ce_size)) != 0)
		return ("the archive ends inside a symbolic link");
	c->c_buf[ce->ce_size] = '\0';
	*errorp = EINVAL;
	if (strlen(c->c_buf) != ce->ce_size)
		return ("a symbolic link contains NUL");
	cr.cr_target = c->c_buf;
	if ((*errorp = cpio_make(c, &cr, &vp)) != 0)
		return ("cannot create a symbolic link");
	*errorp = cpio_set_attr(vp, ce);
	vnode_drop(vp);
	return (*errorp != 0 ? "cannot set a link's owner" : NULL);
}

/* Directories, devices, FIFOs, sockets. */
static const char *
cpio_special(
    struct cpio *c, const struct cpio_entry *ce, enum vtype type, int *errorp)
{
	struct creation cr = {
	    .cr_type = type, .cr_mode = 0700, .cr_rdev = ce->ce_rdev};
	struct vnode *vp;

	*errorp = EINVAL;
	if (ce->ce_size != 0)
		return ("an entry that is no file has data");
	if ((*errorp = cpio_make(c, &cr, &vp)) != 0)
		return ("cannot create a directory or node");
	*errorp = cpio_set_attr(vp, ce);
	vnode_drop(vp);
	return (*errorp != 0 ? "cannot set attributes" : NULL);
}

/* --- the whole --------------------------------------------------------------------------- */

/* One entry whose name is known. */
static const char *
cpio_entry(struct cpio *c, const struct cpio_entry *ce, int *errorp)
{
	enum vtype type = mode_to_vtype(ce->ce_mode);
	const char *wrong;

	switch (type) {
	case VREG:
		wrong = cpio_regular(c, ce, errorp);
		break;
	case VLNK:
		wrong = cpio_symlink(c, ce, errorp);
		break;
	case VNON:
		*errorp = EINVAL;
		return ("unknown type of file");
	default:
		wrong = cpio_special(c, ce, type, errorp);
		break;
	}
	if (wrong == NULL && (*errorp = cpio_pad(c)) != 0)
		wrong = "the archive ends behind an entry's data";
	return (wrong);
}

/* Entries up to the trailer; first: the byte that was read already. */
static int
cpio_archive(struct cpio *c, char first, const char **errp)
{
	char header[CPIO_HEADER];
	struct cpio_entry ce;
	const char *wrong;
	size_t have = 1;
	int error;

	header[0] = first;
	for (;;) {
		c->c_name[0] = '\0';
		error = cpio_get(c, header + have, CPIO_HEADER - have);
		have = 0;
		if (error != 0)
			return (cpio_fail(c, errp, error,
			    "the archive ends without a trailer"));
		if ((wrong = cpio_decode(header, &ce)) != NULL)
			return (cpio_fail(c, errp, EINVAL, wrong));
		if ((wrong = cpio_get_name(c, &ce, &error)) != NULL)
			return (cpio_fail(c, errp, error, wrong));
		if (strcmp(c->c_name, "TRAILER!!!") == 0)
			return (0);
		while (c->c_name[0] == '/') /* relative to the root, always */
			memmove(c->c_name, c->c_name + 1, strlen(c->c_name));
		if (c->c_name[0] == '\0')
			strlcpy(c->c_name, ".", PATH_MAX_ABI);
		if ((wrong = cpio_entry(c, &ce, &error)) != NULL)
			return (cpio_fail(c, errp, error, wrong));
	}
}

/* Archives until the stream ends. */
static int
cpio_run(struct cpio *c, const char **errp)
{
	int error;
	bool end, any = false;
	char first;

	for (;; any = true) {
		c->c_name[0] = '\0';
		error = cpio_skip_zeros(c, &first, &end);
		if (error != 0)
			return (cpio_fail(
			    c, errp, error, "the archive cannot be read"));
		if (end && !any)
			return (
			    cpio_fail(c, errp, EINVAL, "the archive is empty"));
		if (end)
			return (0);
		/* padding counts from an archive's start */
		c->c_offset = 1;
		error = cpio_archive(c, first, errp);
		cpio_links_forget(c);
		if (error != 0)
			return (error);
	}
}

/*
 * 0, or an errno and *errp says what is wrong where.  What was unpacked until
 * then stays.  May sleep.
 */
int
cpio_unpack(int (*read)(void *arg, void *buf, size_t len, size_t *donep),
    void *arg, const char **errp)
{
	struct cpio *c;
	int error = ENOMEM;

	*errp = "cpio: out of memory";
	c = kmalloc(sizeof(*c), M_CPIO, M_WAITOK | M_ZERO);
	if (c == NULL)
		return (ENOMEM);
	c->c_read = read;
	c->c_arg = arg;
	c->c_root = path_root();
	c->c_name = kmalloc(PATH_MAX_ABI, M_CPIO, M_WAITOK | M_ZERO);
	c->c_buf = kmalloc(CPIO_CHUNK, M_CPIO, M_WAITOK);
	if (c->c_root == NULL) {
		*errp = "cpio: no root file system";
		error = ENOENT;
	} else if (c->c_name != NULL && c->c_buf != NULL) {
		error = cpio_run(c, errp);
	}
	if (c->c_root != NULL)
		path_drop(c->c_root);
	kfree(c->c_name, M_CPIO);
	kfree(c->c_buf, M_CPIO);
	kfree(c, M_CPIO);
	if (error == 0)
		*errp = NULL;
	return (error);
}
