/* SPDX-License-Identifier: BSD-2-Clause */
/* File attributes as native programs and the kernel see them. */
#ifndef SYS_STAT_H
#define SYS_STAT_H

#include <sys/types.h>

struct stat {
	ino_t st_ino;
	nlink_t st_nlink;
	mode_t st_mode;
	dev_t st_dev;
	dev_t st_rdev;
	uid_t st_uid;
	gid_t st_gid;
	struct timespec st_atim;
	struct timespec st_mtim;
	struct timespec st_ctim;
	struct timespec st_birthtim;
	off_t st_size;
	blkcnt_t st_blocks; /* of 512 bytes */
	uint32_t st_blksize;
	uint32_t st_flags;
	uint64_t st_gen;
};

#define S_IFMT	    0170000
#define S_IFIFO	    0010000
#define S_IFCHR	    0020000
#define S_IFDIR	    0040000
#define S_IFBLK	    0060000
#define S_IFREG	    0100000
#define S_IFLNK	    0120000
#define S_IFSOCK    0140000
#define S_ISUID	    0004000
#define S_ISGID	    0002000
#define S_ISVTX	    0001000
#define S_ISDIR(m)  (((m)&S_IFMT) == S_IFDIR)
#define S_ISREG(m)  (((m)&S_IFMT) == S_IFREG)
#define S_ISLNK(m)  (((m)&S_IFMT) == S_IFLNK)
#define S_ISCHR(m)  (((m)&S_IFMT) == S_IFCHR)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)

#define DT_UNKNOWN    0
#define DT_FIFO	      1
#define DT_CHR	      2
#define DT_DIR	      4
#define DT_BLK	      6
#define DT_REG	      8
#define DT_LNK	      10
#define DT_SOCK	      12
#define MODE_TO_DT(m) (((m)&S_IFMT) >> 12)

struct statfs {
	uint64_t f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	uint64_t f_flags, f_namemax;
	uint64_t f_fsid;
	char f_fstypename[16];
	char f_mntonname[256];
	char f_mntfromname[256];
};

#endif
