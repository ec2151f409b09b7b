/* SPDX-License-Identifier: BSD-2-Clause */
/* Native open flags, fcntl commands, access modes. */
#ifndef SYS_FCNTL_H
#define SYS_FCNTL_H

#include <sys/types.h>

#define O_RDONLY    0x0000
#define O_WRONLY    0x0001
#define O_RDWR	    0x0002
#define O_ACCMODE   0x0003
#define O_NONBLOCK  0x0004
#define O_APPEND    0x0008
#define O_SHLOCK    0x0010
#define O_EXLOCK    0x0020
#define O_ASYNC	    0x0040
#define O_FSYNC	    0x0080
#define O_NOFOLLOW  0x0100
#define O_CREAT	    0x0200
#define O_TRUNC	    0x0400
#define O_EXCL	    0x0800
#define O_NOCTTY    0x8000
#define O_DIRECT    0x10000
#define O_CLOEXEC   0x20000
#define O_DIRECTORY 0x8000000
#define O_PATH	    0x10000000 /* a place, not an open file */
#define O_TMPFILE   0x20000000
#define O_NOATIME   0x40000000

/* In f_flags: O_ACCMODE + 1, so that bits can be tested. */
#define FREAD	  0x0001
#define FWRITE	  0x0002
#define FFLAGS(o) ((o) + 1)
#define OFLAGS(f) ((f)-1)
/* O_RDONLY+1 = FREAD, O_WRONLY+1 = FWRITE, O_RDWR+1 = both. */
#define F_SETFL_MASK                                                           \
	(O_NONBLOCK | O_APPEND | O_ASYNC | O_FSYNC | O_DIRECT | O_NOATIME)

#define AT_FDCWD	    (-100)
#define AT_SYMLINK_NOFOLLOW 0x0001
#define AT_REMOVEDIR	    0x0002
#define AT_EACCESS	    0x0004
#define AT_SYMLINK_FOLLOW   0x0008
#define AT_EMPTY_PATH	    0x0010

#define RESOLVE_NO_XDEV	      0x01
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_NO_SYMLINKS   0x04
#define RESOLVE_BENEATH	      0x08
#define RESOLVE_IN_ROOT	      0x10
#define RESOLVE_CACHED	      0x20
#define RESOLVE_ALL	      0x3f

#define F_DUPFD		0
#define F_GETFD		1
#define F_SETFD		2
#define F_GETFL		3
#define F_SETFL		4
#define F_GETOWN	5
#define F_SETOWN	6
#define F_GETLK		7
#define F_SETLK		8
#define F_SETLKW	9
#define F_DUPFD_CLOEXEC 17
#define F_OFD_GETLK	20 /* locks owned by the open file */
#define F_OFD_SETLK	21
#define F_OFD_SETLKW	22

#define F_SETSIG   25 /* the signal of O_ASYNC; 0: SIGIO */
#define F_GETSIG   26
#define F_SETLEASE 27
#define F_GETLEASE 28

#define F_ADD_SEALS 23
#define F_GET_SEALS 24

#define F_SEAL_SEAL	    0x01 /* no more seals */
#define F_SEAL_SHRINK	    0x02
#define F_SEAL_GROW	    0x04
#define F_SEAL_WRITE	    0x08
#define F_SEAL_FUTURE_WRITE 0x10 /* writable mappings that exist stay so */
#define F_SEAL_EXEC	    0x20 /* the mode's x bits stay */
#define F_SEAL_ALL	    0x3f

#define F_RDLCK 1
#define F_UNLCK 2
#define F_WRLCK 3
struct flock {
	off_t l_start;
	off_t l_len; /* 0: to the end */
	pid_t l_pid;
	int16_t l_type;
	int16_t l_whence;
};

#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

#define SEEK_SET  0
#define SEEK_CUR  1
#define SEEK_END  2
#define SEEK_DATA 3
#define SEEK_HOLE 4

#define R_OK 4
#define W_OK 2
#define X_OK 1
#define F_OK 0

#endif
