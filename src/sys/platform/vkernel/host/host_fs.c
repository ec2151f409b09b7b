/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host half of hostfs (contract: sys/hostfs.h), as ordinary Linux C.
 *
 * 1. A node stands for one host inode below a root.  It knows where it was seen
 *    last (parent node and name) and has, while it is in use, an O_PATH
 *    descriptor, and descriptors for data when somebody read or wrote.
 *
 * 2. Descriptors are bounded: nodes with open ones are on a list, the least
 *    recently used first, and lose them when there are too many.  Such a node is
 *    opened again by its names from the root, and must then be the same inode;
 *    otherwise the handle is stale.  A removed file cannot be opened again, so
 *    it keeps its descriptors.
 *
 * 3. Nothing escapes: names are single components without '/', never "..", and
 *    every open is openat2 with RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |
 *    RESOLVE_NO_SYMLINKS; where the host has no openat2, each component is opened
 *    O_PATH | O_NOFOLLOW on its own.
 *
 * 4. Only what lies below the directory of --share can be mounted; without it
 *    nothing can.
 *
 * 5. A handle is a slot number and the slot's generation, so that a stale one is
 *    recognized, and no host pointer is kept in the kernel's memory.
 *
 * Locking: table_lock guards everything but file contents.  A node that a call
 * works on is pinned: its descriptors stay open while the call runs unlocked.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../../../sys/hostfs.h"
#include "host_var.h"

#define NODE_HASH	  4096
#define OPEN_MIN	  64
#define OPEN_MAX_HERE	  4096
#define RENAME_NOREPLACE_ (1u << 0)
#define RENAME_EXCHANGE_  (1u << 1)

#ifdef MEMCHECK
#define TRY_OPENAT2 false /* valgrind 3.19 does not know it, and says so */
#else
#define TRY_OPENAT2 true
#endif

struct node {
	struct node *hash_next;		  /* by (dev, ino) */
	struct node *lru_next, *lru_prev; /* on the list iff fd >= 0 */
	struct node *parent; /* counted in its children; NULL: a root */
	struct node *root;
	char *name;
	dev_t dev;
	ino_t ino;
	mode_t type;
	uint64_t refs; /* handles given out */
	uint32_t children, pins;
	uint32_t slot;
	int fd;	       /* O_PATH, or -1 */
	int rfd, wfd;  /* data, or -1 */
	bool writable; /* roots: mounted for writing */
	bool removed;  /* cannot be found by name any more */
};

struct slot {
	struct node *node;
	uint32_t generation;
	uint32_t next_free;
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct node *node_hash[NODE_HASH];
static struct slot *slots;
static uint32_t slots_size, slots_free; /* slot 0 is never used */
static struct node lru = {.lru_next = &lru, .lru_prev = &lru};
static unsigned open_count, open_limit;

/* --- errors ------------------------------------------------------------------------ */

/* The host's number and the native one, where they differ or matter. */
static const struct {
	int host, native;
} errno_map[] = {
    {EAGAIN, 35},
    {EDEADLK, 11},
    {ENAMETOOLONG, 63},
    {ELOOP, 62},
    {ENOTEMPTY, 66},
    {EDQUOT, 69},
    {ESTALE, 70},
    {ENOSYS, 78},
    {EOVERFLOW, 84},
    {EOPNOTSUPP, 45},
    {ETIMEDOUT, 60},
    {EHOSTDOWN, 64},
    {EHOSTUNREACH, 65},
    {ENODATA, 87},
    {ENOBUFS, 55},
    {EILSEQ, 86},
    {ENOLCK, 77},
    {EUSERS, 68},
    {EREMOTEIO, 5},
};
#define NATIVE_EIO    5
#define NATIVE_ESTALE 70

/* 1 to 34 are the same in both but for EAGAIN; what is unknown is EIO. */
static int
to_native(int error)
{
	for (size_t i = 0; i < sizeof(errno_map) / sizeof(errno_map[0]); i++) {
		if (errno_map[i].host == error)
			return (errno_map[i].native);
	}
	return (error >= 0 && error <= 34 ? error : NATIVE_EIO);
}

/* --- opening without leaving ---------------------------------------------------------- */

static bool
name_ok(const char *name)
{
	return (name[0] != '\0' && strchr(name, '/') == NULL &&
	    strcmp(name, "..") != 0);
}

/* One component, O_PATH.  -1 and errno. */
static int
open_component(int dirfd, const char *name)
{
	struct open_how how = {
	    .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	errno = ENOSYS;
	do {
		fd = TRY_OPENAT2
		    ? syscall(SYS_openat2, dirfd, name, &how, sizeof(how))
		    : -1;
	} while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
		do {
			fd = openat(
			    dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		} while (fd < 0 && errno == EINTR);
	}
	return ((int)fd);
}

static void
close_fd(int *fdp)
{
	if (*fdp >= 0)
		close(*fdp);
	*fdp = -1;
}

/* --- nodes; table_lock held ------------------------------------------------------------ */

static unsigned
hash_of(dev_t dev, ino_t ino)
{
	return ((unsigned)((ino ^ (ino >> 12) ^ dev * 31) % NODE_HASH));
}

static hostfs_handle_t
handle_of(const struct node *n)
{
	return ((uint64_t)slots[n->slot].generation << 32 | n->slot);
}

static struct node *
node_of(hostfs_handle_t h)
{
	uint32_t slot = (uint32_t)h;

	if (slot == 0 || slot >= slots_size || slots[slot].node == NULL ||
	    slots[slot].generation != (uint32_t)(h >> 32))
		return (NULL);
	return (slots[slot].node);
}

static void
lru_remove(struct node *n)
{
	n->lru_prev->lru_next = n->lru_next;
	n->lru_next->lru_prev = n->lru_prev;
}

static void
lru_append(struct node *n)
{
	n->lru_prev = lru.lru_prev;
	n->lru_next = &lru;
	lru.lru_prev->lru_next = n;
	lru.lru_prev = n;
}

static void
node_close(struct node *n)
{
	if (n->fd < 0)
		return;
	lru_remove(n);
	open_count--;
	close_fd(&n->fd);
	close_fd(&n->rfd);
	close_fd(&n->wfd);
}

/* Close the least recently used descriptors until there is room for one. */
static void
make_room(void)
{
	struct node *n, *next;

	for (n = lru.lru_next; n != &lru && open_count >= open_limit;
	     n = next) {
		next = n->lru_next;
		if (n->pins == 0 && !n->removed && n->parent != NULL)
			node_close(n);
	}
}

static void
node_set_fd(struct node *n, int fd)
{
	make_room();
	n->fd = fd;
	lru_append(n);
	open_count++;
}

static bool
slots_grow(void)
{
	uint32_t size = slots_size == 0 ? 256 : slots_size * 2;
	struct slot *more = realloc(slots, size * sizeof(*more));

	if (more == NULL)
		return (false);
	for (uint32_t i = size - 1; i > 0 && i >= slots_size; i--) {
		more[i].node = NULL;
		more[i].generation = 1;
		more[i].next_free = slots_free;
		slots_free = i;
	}
	if (slots_size == 0)
		more[0].node = NULL;
	slots = more;
	slots_size = size;
	return (true);
}

/* Free a node that nobody has a handle to, and ancestors that were kept by it. */
static void
node_free_chain(struct node *n)
{
	while (n != NULL && n->refs == 0 && n->children == 0 && n->pins == 0) {
		struct node *parent = n->parent;
		struct node **np = &node_hash[hash_of(n->dev, n->ino)];

		while (*np != n)
			np = &(*np)->hash_next;
		*np = n->hash_next;
		node_close(n);
		slots[n->slot].node = NULL;
		slots[n->slot].generation++;
		slots[n->slot].next_free = slots_free;
		slots_free = n->slot;
		free(n->name);
		free(n);
		if (parent != NULL)
			parent->children--;
		n = parent;
	}
}

static struct node *
node_alloc(struct node *parent, const char *name, const struct stat *st)
{
	struct node *n;

	if (slots_free == 0 && !slots_grow())
		return (NULL);
	if ((n = calloc(1, sizeof(*n))) == NULL)
		return (NULL);
	if ((n->name = strdup(name)) == NULL) {
		free(n);
		return (NULL);
	}
	n->slot = slots_free;
	slots_free = slots[n->slot].next_free;
	slots[n->slot].node = n;
	n->parent = parent;
	n->root = parent != NULL ? parent->root : n;
	if (parent != NULL)
		parent->children++;
	n->dev = st->st_dev;
	n->ino = st->st_ino;
	n->type = st->st_mode & S_IFMT;
	n->fd = n->rfd = n->wfd = -1;
	n->hash_next = node_hash[hash_of(n->dev, n->ino)];
	node_hash[hash_of(n->dev, n->ino)] = n;
	return (n);
}

static struct node *
node_find(const struct node *root, const struct stat *st)
{
	struct node *n = node_hash[hash_of(st->st_dev, st->st_ino)];

	while (n != NULL &&
	    (n->dev != st->st_dev || n->ino != st->st_ino ||
		n->type != (st->st_mode & S_IFMT) || n->root != root))
		n = n->hash_next;
	return (n);
}

/* Would n, if moved below parent, contain itself? */
static bool
node_is_above(const struct node *n, const struct node *parent)
{
	for (; parent != NULL; parent = parent->parent) {
		if (parent == n)
			return (true);
	}
	return (false);
}

/* n was seen as name in parent. */
static void
node_moved(struct node *n, struct node *parent, const char *name)
{
	struct node *old = n->parent;
	char *copy;

	n->removed = false;
	if (old == NULL || (old == parent && strcmp(n->name, name) == 0) ||
	    node_is_above(n, parent))
		return;
	if ((copy = strdup(name)) == NULL)
		return; /* it keeps a name that may be stale */
	free(n->name);
	n->name = copy;
	if (old != parent) {
		parent->children++;
		n->parent = parent;
		old->children--;
		node_free_chain(old);
	}
}

/* Open the chain of names from the root.  -1 and errno. */
static int
open_by_names(struct node *n)
{
	struct node *at;
	int depth = 0, dirfd, fd = -1;

	for (at = n; at->parent != NULL; at = at->parent)
		depth++;
	dirfd = at->fd;
	for (int level = depth; level > 0; level--) {
		at = n;
		for (int i = 1; i < level; i++)
			at = at->parent;
		fd = open_component(dirfd, at->name);
		if (dirfd != n->root->fd)
			close(dirfd);
		if (fd < 0)
			return (-1);
		dirfd = fd;
	}
	return (fd);
}

/* Make sure that n has its descriptor.  0 or a native error. */
static int
node_open(struct node *n)
{
	struct stat st;
	int fd;

	if (n->fd >= 0) {
		lru_remove(n);
		lru_append(n);
		return (0);
	}
	if ((fd = open_by_names(n)) < 0)
		return (errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			? NATIVE_ESTALE
			: to_native(errno));
	if (fstat(fd, &st) != 0 || st.st_dev != n->dev || st.st_ino != n->ino ||
	    (st.st_mode & S_IFMT) != n->type) {
		close(fd);
		return (NATIVE_ESTALE);
	}
	node_set_fd(n, fd);
	return (0);
}

/* --- pins ---------------------------------------------------------------------------------- */

/* The node of a handle, open and pinned.  0, ESTALE, ... */
static int
node_pin(hostfs_handle_t h, struct node **np)
{
	struct node *n;
	int error = NATIVE_ESTALE;

	pthread_mutex_lock(&table_lock);
	if ((n = node_of(h)) != NULL && (error = node_open(n)) == 0)
		n->pins++;
	pthread_mutex_unlock(&table_lock);
	*np = n;
	return (error);
}

static void
node_unpin(struct node *n)
{
	pthread_mutex_lock(&table_lock);
	n->pins--;
	node_free_chain(n);
	pthread_mutex_unlock(&table_lock);
}

/* For changes: also EROFS. */
static int
node_pin_write(hostfs_handle_t h, struct node **np)
{
	int error = node_pin(h, np);

	if (error == 0 && !(*np)->root->writable) {
		node_unpin(*np);
		error = EROFS;
	}
	return (error);
}

static void
proc_path(const struct node *n, char *buf, size_t size)
{
	snprintf(buf, size, "/proc/self/fd/%d", n->fd);
}

/* Open a pinned regular file for data, by its descriptor. */
static int
open_data(struct node *n, int flags)
{
	char path[40];
	int fd;

	if (!S_ISREG(n->type)) {
		errno = S_ISDIR(n->type) ? EISDIR : ENXIO;
		return (-1);
	}
	proc_path(n, path, sizeof(path));
	do {
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	} while (fd < 0 && errno == EINTR);
	return (fd);
}

/* The data descriptor of a pinned node.  -1 and errno. */
static int
node_data_fd(struct node *n, bool write)
{
	int *fdp = write ? &n->wfd : &n->rfd, fd;

	pthread_mutex_lock(&table_lock);
	if (*fdp < 0)
		*fdp = open_data(n, write ? O_WRONLY : O_RDONLY);
	fd = *fdp;
	pthread_mutex_unlock(&table_lock);
	return (fd);
}

/* --- attributes --------------------------------------------------------------------------- */

static uint32_t
type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return (HOSTFS_REG);
	case S_IFDIR:
		return (HOSTFS_DIR);
	case S_IFLNK:
		return (HOSTFS_LNK);
	case S_IFCHR:
		return (HOSTFS_CHR);
	case S_IFBLK:
		return (HOSTFS_BLK);
	case S_IFIFO:
		return (HOSTFS_FIFO);
	case S_IFSOCK:
		return (HOSTFS_SOCK);
	default:
		return (HOSTFS_NONE);
	}
}

static void
attr_fill(struct hostfs_attr *ha, const struct stat *st)
{
	memset(ha, 0, sizeof(*ha));
	ha->ha_type = type_of(st->st_mode);
	ha->ha_mode = st->st_mode & 07777;
	ha->ha_nlink = (uint32_t)st->st_nlink;
	ha->ha_uid = st->st_uid;
	ha->ha_gid = st->st_gid;
	ha->ha_blksize = (uint32_t)st->st_blksize;
	ha->ha_ino = st->st_ino;
	ha->ha_size = (uint64_t)st->st_size;
	ha->ha_bytes = (uint64_t)st->st_blocks * 512;
	ha->ha_rmajor = major(st->st_rdev);
	ha->ha_rminor = minor(st->st_rdev);
	ha->ha_atime =
	    (struct hostfs_time){st->st_atim.tv_sec, st->st_atim.tv_nsec};
	ha->ha_mtime =
	    (struct hostfs_time){st->st_mtim.tv_sec, st->st_mtim.tv_nsec};
	ha->ha_ctime =
	    (struct hostfs_time){st->st_ctim.tv_sec, st->st_ctim.tv_nsec};
}

int
hostfs_host_getattr(hostfs_handle_t h, struct hostfs_attr *ha)
{
	struct node *n;
	struct stat st;
	int error;

	if ((error = node_pin(h, &n)) != 0)
		return (error);
	if (fstat(n->fd, &st) != 0)
		error = to_native(errno);
	else
		attr_fill(ha, &st);
	node_unpin(n);
	return (error);
}

/* The name that leads through a descriptor to its inode. */
static int
set_mode(struct node *n, uint32_t mode)
{
	char path[40];

	proc_path(n, path, sizeof(path));
	return (chmod(path, mode & 07777));
}

static int
set_times(struct node *n, const struct hostfs_attr *ha)
{
	struct timespec ts[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
	char path[40];

	if ((ha->ha_mask & HOSTFS_SET_ATIME) != 0)
		ts[0] = (struct timespec){
		    ha->ha_atime.ht_sec, ha->ha_atime.ht_nsec};
	if ((ha->ha_mask & HOSTFS_SET_MTIME) != 0)
		ts[1] = (struct timespec){
		    ha->ha_mtime.ht_sec, ha->ha_mtime.ht_nsec};
	if (utimensat(n->fd, "", ts, AT_EMPTY_PATH) == 0)
		return (0);
	proc_path(n, path, sizeof(path));
	return (utimensat(AT_FDCWD, path, ts, 0));
}

static int
set_owner(struct node *n, const struct hostfs_attr *ha)
{
	uid_t uid =
	    (ha->ha_mask & HOSTFS_SET_UID) != 0 ? ha->ha_uid : (uid_t)-1;
	gid_t gid =
	    (ha->ha_mask & HOSTFS_SET_GID) != 0 ? ha->ha_gid : (gid_t)-1;

	return (fchownat(n->fd, "", uid, gid, AT_EMPTY_PATH));
}

static int
set_size(struct node *n, uint64_t size)
{
	int fd = node_data_fd(n, true);

	return (fd < 0 ? -1 : ftruncate(fd, (off_t)size));
}

int
hostfs_host_setattr(hostfs_handle_t h, const struct hostfs_attr *ha)
{
	struct node *n;
	int error, bad = 0;

	if ((error = node_pin_write(h, &n)) != 0)
		return (error);
	if ((ha->ha_mask & HOSTFS_SET_SIZE) != 0)
		bad = set_size(n, ha->ha_size);
	if (bad == 0 && (ha->ha_mask & (HOSTFS_SET_UID | HOSTFS_SET_GID)) != 0)
		bad = set_owner(n, ha);
	if (bad == 0 && (ha->ha_mask & HOSTFS_SET_MODE) != 0)
		bad = set_mode(n, ha->ha_mode);
	if (bad == 0 &&
	    (ha->ha_mask & (HOSTFS_SET_ATIME | HOSTFS_SET_MTIME)) != 0)
		bad = set_times(n, ha);
	if (bad != 0)
		error = to_native(errno);
	node_unpin(n);
	return (error);
}

/* --- mounts and lookup ------------------------------------------------------------------ */

/* How many nodes may have descriptors: three each, and the machine needs some. */
static unsigned
choose_open_limit(void)
{
	struct rlimit rl;
	unsigned n = OPEN_MAX_HERE;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur / 6 < n)
		n = (unsigned)(rl.rlim_cur / 6);
	return (n < OPEN_MIN ? OPEN_MIN : n);
}

/* --share DIR[:ro]: the only part of the host that guests can mount. */
static char *share_dir;
static bool share_readonly;

void
host_share_set(const char *spec)
{
	size_t len = strlen(spec);
	struct stat st;

	share_readonly = len > 3 && strcmp(spec + len - 3, ":ro") == 0;
	free(share_dir);
	share_dir = strdup(spec);
	if (share_dir == NULL)
		host_fail("--share: out of memory");
	if (share_readonly)
		share_dir[len - 3] = '\0';
	if (stat(share_dir, &st) != 0)
		host_fail("--share: %s: %s", share_dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		host_fail("--share: %s is not a directory", share_dir);
}

/* Go down from dirfd (consumed) one component at a time; no "..". */
static int
open_below(int dirfd, const char *path)
{
	char name[NAME_MAX + 1];
	int fd = dirfd;

	for (;;) {
		size_t len;

		path += strspn(path, "/");
		if ((len = strcspn(path, "/")) == 0)
			return (fd);
		errno = ENAMETOOLONG;
		if (len <= NAME_MAX) {
			memcpy(name, path, len);
			name[len] = '\0';
			errno = EXDEV;
			dirfd = fd;
			fd = name_ok(name) ? open_component(dirfd, name) : -1;
		} else {
			dirfd = fd;
			fd = -1;
		}
		if (fd < 0) {
			int saved = errno;

			close(dirfd);
			errno = saved;
			return (-1);
		}
		close(dirfd);
		path += len;
	}
}

/* The directory path of the share, O_PATH.  -1 and errno. */
static int
open_share(const char *path)
{
	int fd;

	if (share_dir == NULL) {
		errno = ENXIO;
		return (-1);
	}
	fd = open(share_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return (fd < 0 ? -1 : open_below(fd, path));
}

static int
root_alloc(
    int fd, bool writable, hostfs_handle_t *rootp, struct hostfs_attr *ha)
{
	struct node *n;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return (to_native(errno));
	if (!S_ISDIR(st.st_mode))
		return (ENOTDIR);
	if ((n = node_alloc(NULL, "", &st)) == NULL)
		return (ENOMEM);
	n->writable = writable;
	n->refs = 1;
	node_set_fd(n, fd);
	attr_fill(ha, &st);
	*rootp = handle_of(n);
	return (0);
}

int
hostfs_host_mount(const char *path, int writable, hostfs_handle_t *rootp,
    struct hostfs_attr *ha)
{
	int fd, error;

	if ((fd = open_share(path)) < 0)
		return (to_native(errno));
	if (writable && share_readonly) {
		close(fd);
		return (EROFS);
	}
	pthread_mutex_lock(&table_lock);
	if (open_limit == 0)
		open_limit = choose_open_limit();
	error = root_alloc(fd, writable != 0, rootp, ha);
	pthread_mutex_unlock(&table_lock);
	if (error != 0)
		close(fd);
	return (error);
}

void
hostfs_host_unmount(hostfs_handle_t root)
{
	hostfs_host_release(root);
}

void
hostfs_host_release(hostfs_handle_t h)
{
	struct node *n;

	pthread_mutex_lock(&table_lock);
	if ((n = node_of(h)) != NULL && n->refs > 0) {
		n->refs--;
		node_free_chain(n);
	}
	pthread_mutex_unlock(&table_lock);
}

/* A reference on the node of what fd (consumed) shows as name in dir. */
static int
node_seen(struct node *dir, const char *name, int fd, hostfs_handle_t *hp,
    struct hostfs_attr *ha)
{
	struct node *n;
	struct stat st;
	int error = 0;

	if (fstat(fd, &st) != 0) {
		error = to_native(errno);
		close(fd);
		return (error);
	}
	attr_fill(ha, &st);
	pthread_mutex_lock(&table_lock);
	if ((n = node_find(dir->root, &st)) != NULL)
		node_moved(n, dir, name);
	else if ((n = node_alloc(dir, name, &st)) == NULL)
		error = ENOMEM;
	if (error == 0) {
		n->refs++;
		*hp = handle_of(n);
		if (n->fd < 0) {
			node_set_fd(n, fd);
			fd = -1;
		}
	}
	pthread_mutex_unlock(&table_lock);
	if (fd >= 0)
		close(fd);
	return (error);
}

/* dir is pinned. */
static int
lookup_pinned(struct node *dir, const char *name, hostfs_handle_t *hp,
    struct hostfs_attr *ha)
{
	int fd = open_component(dir->fd, name);

	if (fd < 0)
		return (to_native(errno));
	return (node_seen(dir, name, fd, hp, ha));
}

/* "." of a root is the root with one more reference. */
static int
lookup_self(hostfs_handle_t dir, hostfs_handle_t *hp, struct hostfs_attr *ha)
{
	struct node *n;

	pthread_mutex_lock(&table_lock);
	if ((n = node_of(dir)) != NULL)
		n->refs++;
	pthread_mutex_unlock(&table_lock);
	if (n == NULL)
		return (NATIVE_ESTALE);
	*hp = dir;
	return (hostfs_host_getattr(dir, ha));
}

int
hostfs_host_lookup(hostfs_handle_t dir, const char *name, hostfs_handle_t *hp,
    struct hostfs_attr *ha)
{
	struct node *d;
	int error;

	if (strcmp(name, ".") == 0)
		return (lookup_self(dir, hp, ha));
	if (!name_ok(name))
		return (EINVAL);
	if ((error = node_pin(dir, &d)) != 0)
		return (error);
	error = lookup_pinned(d, name, hp, ha);
	node_unpin(d);
	return (error);
}

/* --- data ------------------------------------------------------------------------------------ */

int
hostfs_host_open(hostfs_handle_t h, int write)
{
	struct node *n;
	int error;

	error = write ? node_pin_write(h, &n) : node_pin(h, &n);
	if (error != 0)
		return (error);
	if (node_data_fd(n, write != 0) < 0)
		error = to_native(errno);
	node_unpin(n);
	return (error);
}

int
hostfs_host_read(
    hostfs_handle_t h, uint64_t off, void *buf, size_t len, size_t *donep)
{
	struct node *n;
	ssize_t got = 1;
	int error, fd;

	*donep = 0;
	if ((error = node_pin(h, &n)) != 0)
		return (error);
	if ((fd = node_data_fd(n, false)) < 0)
		error = to_native(errno);
	while (error == 0 && *donep < len && got != 0) {
		got = pread(fd, (char *)buf + *donep, len - *donep,
		    (off_t)(off + *donep));
		if (got > 0)
			*donep += (size_t)got;
		else if (got < 0 && errno != EINTR)
			error = to_native(errno);
	}
	node_unpin(n);
	return (error);
}

int
hostfs_host_write(
    hostfs_handle_t h, uint64_t off, const void *buf, size_t len, size_t *donep)
{
	struct node *n;
	ssize_t put;
	int error, fd;

	*donep = 0;
	if ((error = node_pin_write(h, &n)) != 0)
		return (error);
	if ((fd = node_data_fd(n, true)) < 0) {
		error = to_native(errno);
	} else {
		do {
			put = pwrite(fd, buf, len, (off_t)off);
		} while (put < 0 && errno == EINTR);
		if (put < 0)
			error = to_native(errno);
		else
			*donep = (size_t)put;
	}
	node_unpin(n);
	return (error);
}

int
hostfs_host_sync(hostfs_handle_t h, int data_only)
{
	struct node *n;
	int error, fd;

	if ((error = node_pin_write(h, &n)) != 0)
		return (error);
	if ((fd = node_data_fd(n, true)) < 0 &&
	    (fd = node_data_fd(n, false)) < 0)
		error = to_native(errno);
	else if ((data_only ? fdatasync(fd) : fsync(fd)) != 0)
		error = to_native(errno);
	node_unpin(n);
	return (error);
}

int
hostfs_host_readlink(hostfs_handle_t h, char *buf, size_t size, size_t *lenp)
{
	struct node *n;
	ssize_t got;
	int error;

	if ((error = node_pin(h, &n)) != 0)
		return (error);
	if ((got = readlinkat(n->fd, "", buf, size)) < 0)
		error = to_native(errno);
	else
		*lenp = (size_t)got;
	node_unpin(n);
	return (error);
}

int
hostfs_host_statfs(hostfs_handle_t h, struct hostfs_statfs *hs)
{
	struct statvfs sv;
	struct node *n;
	int error;

	if ((error = node_pin(h, &n)) != 0)
		return (error);
	if (fstatvfs(n->fd, &sv) != 0) {
		error = to_native(errno);
	} else {
		hs->hs_bsize = sv.f_frsize != 0 ? sv.f_frsize : sv.f_bsize;
		hs->hs_blocks = sv.f_blocks;
		hs->hs_bfree = sv.f_bfree;
		hs->hs_bavail = sv.f_bavail;
		hs->hs_files = sv.f_files;
		hs->hs_ffree = sv.f_ffree;
		hs->hs_namemax = sv.f_namemax;
	}
	node_unpin(n);
	return (error);
}

/* --- directories ---------------------------------------------------------------------------- */

/* One entry of getdents64 to ours; its length. */
static size_t
convert_entry(const struct dirent64 *de, void *buf)
{
	static const uint8_t types[] = {[DT_REG] = HOSTFS_REG,
	    [DT_DIR] = HOSTFS_DIR,
	    [DT_LNK] = HOSTFS_LNK,
	    [DT_CHR] = HOSTFS_CHR,
	    [DT_BLK] = HOSTFS_BLK,
	    [DT_FIFO] = HOSTFS_FIFO,
	    [DT_SOCK] = HOSTFS_SOCK};
	struct hostfs_dirent *hd = buf;
	size_t len = strlen(de->d_name);
	size_t reclen = offsetof(struct hostfs_dirent, hd_name) + len + 1;

	reclen = (reclen + 7) & ~(size_t)7;
	hd->hd_ino = de->d_ino;
	hd->hd_next = (uint64_t)de->d_off;
	hd->hd_reclen = (uint16_t)reclen;
	hd->hd_namelen = (uint16_t)len;
	hd->hd_type =
	    de->d_type < sizeof(types) ? types[de->d_type] : HOSTFS_NONE;
	memcpy(hd->hd_name, de->d_name, len + 1);
	return (reclen);
}

/* Ours need at most 8 bytes more than the host's: read what surely fits. */
static int
read_entries(int fd, void *buf, size_t size, size_t *donep)
{
	char raw[2048] __attribute__((aligned(8)));
	size_t want = size / 2 < sizeof(raw) ? size / 2 : sizeof(raw);
	long got = syscall(SYS_getdents64, fd, raw, want);

	if (got < 0)
		return (to_native(errno));
	for (long at = 0; at < got;) {
		const struct dirent64 *de = (const void *)(raw + at);

		*donep += convert_entry(de, (char *)buf + *donep);
		at += de->d_reclen;
	}
	return (0);
}

int
hostfs_host_readdir(
    hostfs_handle_t dir, uint64_t cookie, void *buf, size_t size, size_t *donep)
{
	struct node *n;
	int error, fd;

	*donep = 0;
	if ((error = node_pin(dir, &n)) != 0)
		return (error);
	fd = openat(n->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		error = to_native(errno);
	else if (cookie != 0 && lseek(fd, (off_t)cookie, SEEK_SET) < 0)
		error = to_native(errno);
	else
		error = read_entries(fd, buf, size, donep);
	if (fd >= 0)
		close(fd);
	node_unpin(n);
	return (error);
}

/* --- changes of names ------------------------------------------------------------------------ */

/* Make a file or directory with exactly this mode, whatever the umask. */
static int
make_at(int dirfd, const char *name, uint32_t type, uint32_t mode)
{
	int fd, error = 0;

	if (type == HOSTFS_DIR) {
		if (mkdirat(dirfd, name, mode & 07777) != 0)
			return (to_native(errno));
		return (0);
	}
	fd = openat(dirfd, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
	if (fd < 0)
		return (to_native(errno));
	if (fchmod(fd, mode & 07777) != 0)
		error = to_native(errno);
	close(fd);
	return (error);
}

int
hostfs_host_create(hostfs_handle_t dir, const char *name, uint32_t type,
    uint32_t mode, hostfs_handle_t *hp, struct hostfs_attr *ha)
{
	struct hostfs_attr set = {.ha_mask = HOSTFS_SET_MODE, .ha_mode = mode};
	struct node *d;
	int error;

	if (!name_ok(name) || strcmp(name, ".") == 0)
		return (EINVAL);
	if ((error = node_pin_write(dir, &d)) != 0)
		return (error);
	if ((error = make_at(d->fd, name, type, mode)) == 0 &&
	    (error = lookup_pinned(d, name, hp, ha)) == 0 &&
	    type == HOSTFS_DIR && ha->ha_mode != (mode & 07777)) {
		(void)hostfs_host_setattr(*hp, &set);
		(void)hostfs_host_getattr(*hp, ha);
	}
	node_unpin(d);
	return (error);
}

int
hostfs_host_symlink(hostfs_handle_t dir, const char *name, const char *target,
    hostfs_handle_t *hp, struct hostfs_attr *ha)
{
	struct node *d;
	int error;

	if (!name_ok(name) || strcmp(name, ".") == 0)
		return (EINVAL);
	if ((error = node_pin_write(dir, &d)) != 0)
		return (error);
	if (symlinkat(target, d->fd, name) != 0)
		error = to_native(errno);
	else
		error = lookup_pinned(d, name, hp, ha);
	node_unpin(d);
	return (error);
}

int
hostfs_host_link(hostfs_handle_t dir, const char *name, hostfs_handle_t h)
{
	struct node *d, *n;
	char path[40];
	int error;

	if (!name_ok(name) || strcmp(name, ".") == 0)
		return (EINVAL);
	if ((error = node_pin_write(dir, &d)) != 0)
		return (error);
	if ((error = node_pin(h, &n)) == 0) {
		proc_path(n, path, sizeof(path));
		if (linkat(AT_FDCWD, path, d->fd, name, AT_SYMLINK_FOLLOW) != 0)
			error = to_native(errno);
		node_unpin(n);
	}
	node_unpin(d);
	return (error);
}

/* What was at name in dir is gone: it lives by its descriptor only. */
static void
node_unnamed(struct node *n, const struct node *dir, const char *name)
{
	pthread_mutex_lock(&table_lock);
	if (n->parent == dir && strcmp(n->name, name) == 0)
		n->removed = true;
	pthread_mutex_unlock(&table_lock);
}

int
hostfs_host_remove(
    hostfs_handle_t dir, const char *name, int is_dir, hostfs_handle_t h)
{
	struct node *d, *n;
	int error;

	if (!name_ok(name) || strcmp(name, ".") == 0)
		return (EINVAL);
	if ((error = node_pin_write(dir, &d)) != 0)
		return (error);
	if ((error = node_pin(h, &n)) == 0) {
		if (unlinkat(d->fd, name, is_dir ? AT_REMOVEDIR : 0) != 0)
			error = to_native(errno);
		else
			node_unnamed(n, d, name);
		node_unpin(n);
	}
	node_unpin(d);
	return (error);
}

/* The node known for name in a pinned directory: pinned, or NULL. */
static struct node *
pin_known(struct node *d, const char *name)
{
	struct node *n = NULL;
	struct stat st;

	if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return (NULL);
	pthread_mutex_lock(&table_lock);
	if ((n = node_find(d->root, &st)) != NULL) {
		if (node_open(n) == 0)
			n->pins++;
		else
			n = NULL;
	}
	pthread_mutex_unlock(&table_lock);
	return (n);
}

/* Learn what name in dir is now. */
static void
look_again(struct node *d, const char *name)
{
	struct hostfs_attr ha;
	hostfs_handle_t h;

	if (lookup_pinned(d, name, &h, &ha) == 0)
		hostfs_host_release(h);
}

static int
rename_pinned(struct node *f, const char *fname, struct node *t,
    const char *tname, int flags)
{
	struct node *victim = NULL;
	unsigned host = 0;
	int error = 0;

	if ((flags & HOSTFS_RENAME_NOREPLACE) != 0)
		host |= RENAME_NOREPLACE_;
	if ((flags & HOSTFS_RENAME_EXCHANGE) != 0)
		host |= RENAME_EXCHANGE_;
	if (host == 0)
		victim = pin_known(t, tname);
	if (syscall(SYS_renameat2, f->fd, fname, t->fd, tname, host) != 0)
		error = to_native(errno);
	if (error == 0 && victim != NULL)
		node_unnamed(victim, t, tname);
	if (victim != NULL)
		node_unpin(victim);
	if (error == 0)
		look_again(t, tname);
	if (error == 0 && (flags & HOSTFS_RENAME_EXCHANGE) != 0)
		look_again(f, fname);
	return (error);
}

int
hostfs_host_rename(hostfs_handle_t fdir, const char *fname,
    hostfs_handle_t tdir, const char *tname, int flags)
{
	struct node *f, *t;
	int error;

	if (!name_ok(fname) || !name_ok(tname) || strcmp(fname, ".") == 0 ||
	    strcmp(tname, ".") == 0)
		return (EINVAL);
	if ((error = node_pin_write(fdir, &f)) != 0)
		return (error);
	if ((error = node_pin_write(tdir, &t)) == 0) {
		error = rename_pinned(f, fname, t, tname, flags);
		node_unpin(t);
	}
	node_unpin(f);
	return (error);
}
