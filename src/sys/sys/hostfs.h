/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostfs: the contract between the kernel's file system and the machine's half,
 * which reaches the host's files.  The only header both include, so it names no
 * type of either side.
 *
 * A handle stands for one host inode below a mounted root; equal inodes have
 * equal handles while either is held.  Each lookup or creation gives one
 * reference, hostfs_host_release returns it.  A handle may lose its inode when
 * the host removes or replaces it: then calls answer ESTALE.
 *
 * No call leaves the root: names are single components, symbolic links are never
 * followed by the host.  Errors are native numbers; 0 is success.  Calls may
 * block the CPU for the time of a host system call; any thread may make them,
 * holding sleeping locks but no spin lock.
 */
#ifndef SYS_HOSTFS_H
#define SYS_HOSTFS_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t hostfs_handle_t; /* 0 is none */

enum hostfs_type {
	HOSTFS_NONE,
	HOSTFS_REG,
	HOSTFS_DIR,
	HOSTFS_LNK,
	HOSTFS_CHR,
	HOSTFS_BLK,
	HOSTFS_FIFO,
	HOSTFS_SOCK
};

struct hostfs_time {
	int64_t ht_sec, ht_nsec;
};

#define HOSTFS_SET_MODE	 0x01
#define HOSTFS_SET_UID	 0x02
#define HOSTFS_SET_GID	 0x04
#define HOSTFS_SET_SIZE	 0x08
#define HOSTFS_SET_ATIME 0x10
#define HOSTFS_SET_MTIME 0x20

struct hostfs_attr {
	uint32_t ha_mask; /* setattr: HOSTFS_SET_ */
	uint32_t ha_type; /* enum hostfs_type */
	uint32_t ha_mode; /* permission bits */
	uint32_t ha_nlink, ha_uid, ha_gid, ha_blksize;
	uint64_t ha_ino, ha_size, ha_bytes;
	uint32_t ha_rmajor, ha_rminor;
	struct hostfs_time ha_atime, ha_mtime, ha_ctime;
};

struct hostfs_statfs {
	uint64_t hs_bsize, hs_blocks, hs_bfree, hs_bavail, hs_files, hs_ffree,
	    hs_namemax;
};

/* One entry of a readdir buffer; the next one starts 8-byte aligned. */
struct hostfs_dirent {
	uint64_t hd_ino;
	uint64_t hd_next; /* cookie of the entry after this one */
	uint16_t hd_reclen;
	uint16_t hd_namelen;
	uint8_t hd_type; /* enum hostfs_type */
	char hd_name[];	 /* NUL-terminated */
};

/*
 * The directory path, taken from the machine's shared directory and never above
 * it, becomes a root.  ENXIO (nothing is shared), ENOENT, ENOTDIR, EACCES, EXDEV
 * (".."), EROFS (writable, but shared read-only).
 */
int hostfs_host_mount(const char *path, int writable, hostfs_handle_t *rootp,
    struct hostfs_attr *ha);
/* Every handle below root was released before. */
void hostfs_host_unmount(hostfs_handle_t root);
int hostfs_host_statfs(hostfs_handle_t h, struct hostfs_statfs *hs);

int hostfs_host_lookup(hostfs_handle_t dir, const char *name,
    hostfs_handle_t *hp, struct hostfs_attr *ha);
void hostfs_host_release(hostfs_handle_t h);
int hostfs_host_getattr(hostfs_handle_t h, struct hostfs_attr *ha);
int hostfs_host_setattr(hostfs_handle_t h, const struct hostfs_attr *ha);

/* Regular files.  *donep may be short at the end of the file only. */
int hostfs_host_read(
    hostfs_handle_t h, uint64_t off, void *buf, size_t len, size_t *donep);
int hostfs_host_write(hostfs_handle_t h, uint64_t off, const void *buf,
    size_t len, size_t *donep);
int hostfs_host_sync(hostfs_handle_t h, int data_only);
/* Is it possible to read (and write) it?  EACCES. */
int hostfs_host_open(hostfs_handle_t h, int write);

/* The text without NUL.  *lenp <= size. */
int hostfs_host_readlink(
    hostfs_handle_t h, char *buf, size_t size, size_t *lenp);
/* Entries from cookie (0: the start) into buf; *donep 0 at the end. */
int hostfs_host_readdir(hostfs_handle_t dir, uint64_t cookie, void *buf,
    size_t size, size_t *donep);

/* type HOSTFS_REG or HOSTFS_DIR. */
int hostfs_host_create(hostfs_handle_t dir, const char *name, uint32_t type,
    uint32_t mode, hostfs_handle_t *hp, struct hostfs_attr *ha);
int hostfs_host_symlink(hostfs_handle_t dir, const char *name,
    const char *target, hostfs_handle_t *hp, struct hostfs_attr *ha);
int hostfs_host_link(hostfs_handle_t dir, const char *name, hostfs_handle_t h);
int hostfs_host_remove(
    hostfs_handle_t dir, const char *name, int is_dir, hostfs_handle_t h);
#define HOSTFS_RENAME_NOREPLACE 1
#define HOSTFS_RENAME_EXCHANGE	2
int hostfs_host_rename(hostfs_handle_t fdir, const char *fname,
    hostfs_handle_t tdir, const char *tname, int flags);

#endif
