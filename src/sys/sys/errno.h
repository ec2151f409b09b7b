/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native error numbers (the BSD ones; ABIs translate at their edge).  Each
 * row is X(name, number, text): consumers expand ERRNO_TABLE.
 */
#ifndef SYS_ERRNO_H
#define SYS_ERRNO_H

#define ERRNO_TABLE(X)                                                         \
	X(EPERM, 1, "Operation not permitted")                                 \
	X(ENOENT, 2, "No such file or directory")                              \
	X(ESRCH, 3, "No such process")                                         \
	X(EINTR, 4, "Interrupted system call")                                 \
	X(EIO, 5, "Input/output error")                                        \
	X(ENXIO, 6, "Device not configured")                                   \
	X(E2BIG, 7, "Argument list too long")                                  \
	X(ENOEXEC, 8, "Exec format error")                                     \
	X(EBADF, 9, "Bad file descriptor")                                     \
	X(ECHILD, 10, "No child processes")                                    \
	X(EDEADLK, 11, "Resource deadlock avoided")                            \
	X(ENOMEM, 12, "Cannot allocate memory")                                \
	X(EACCES, 13, "Permission denied")                                     \
	X(EFAULT, 14, "Bad address")                                           \
	X(ENOTBLK, 15, "Block device required")                                \
	X(EBUSY, 16, "Device busy")                                            \
	X(EEXIST, 17, "File exists")                                           \
	X(EXDEV, 18, "Cross-device link")                                      \
	X(ENODEV, 19, "Operation not supported by device")                     \
	X(ENOTDIR, 20, "Not a directory")                                      \
	X(EISDIR, 21, "Is a directory")                                        \
	X(EINVAL, 22, "Invalid argument")                                      \
	X(ENFILE, 23, "Too many open files in system")                         \
	X(EMFILE, 24, "Too many open files")                                   \
	X(ENOTTY, 25, "Inappropriate ioctl for device")                        \
	X(ETXTBSY, 26, "Text file busy")                                       \
	X(EFBIG, 27, "File too large")                                         \
	X(ENOSPC, 28, "No space left on device")                               \
	X(ESPIPE, 29, "Illegal seek")                                          \
	X(EROFS, 30, "Read-only file system")                                  \
	X(EMLINK, 31, "Too many links")                                        \
	X(EPIPE, 32, "Broken pipe")                                            \
	X(EDOM, 33, "Numerical argument out of domain")                        \
	X(ERANGE, 34, "Result too large")                                      \
	X(EAGAIN, 35, "Resource temporarily unavailable")                      \
	X(EINPROGRESS, 36, "Operation now in progress")                        \
	X(EALREADY, 37, "Operation already in progress")                       \
	X(ENOTSOCK, 38, "Socket operation on non-socket")                      \
	X(EDESTADDRREQ, 39, "Destination address required")                    \
	X(EMSGSIZE, 40, "Message too long")                                    \
	X(EPROTOTYPE, 41, "Protocol wrong type for socket")                    \
	X(ENOPROTOOPT, 42, "Protocol not available")                           \
	X(EPROTONOSUPPORT, 43, "Protocol not supported")                       \
	X(ESOCKTNOSUPPORT, 44, "Socket type not supported")                    \
	X(EOPNOTSUPP, 45, "Operation not supported")                           \
	X(EPFNOSUPPORT, 46, "Protocol family not supported")                   \
	X(EAFNOSUPPORT, 47, "Address family not supported by protocol family") \
	X(EADDRINUSE, 48, "Address already in use")                            \
	X(EADDRNOTAVAIL, 49, "Can't assign requested address")                 \
	X(ENETDOWN, 50, "Network is down")                                     \
	X(ENETUNREACH, 51, "Network is unreachable")                           \
	X(ENETRESET, 52, "Network dropped connection on reset")                \
	X(ECONNABORTED, 53, "Software caused connection abort")                \
	X(ECONNRESET, 54, "Connection reset by peer")                          \
	X(ENOBUFS, 55, "No buffer space available")                            \
	X(EISCONN, 56, "Socket is already connected")                          \
	X(ENOTCONN, 57, "Socket is not connected")                             \
	X(ESHUTDOWN, 58, "Can't send after socket shutdown")                   \
	X(ETOOMANYREFS, 59, "Too many references: can't splice")               \
	X(ETIMEDOUT, 60, "Operation timed out")                                \
	X(ECONNREFUSED, 61, "Connection refused")                              \
	X(ELOOP, 62, "Too many levels of symbolic links")                      \
	X(ENAMETOOLONG, 63, "File name too long")                              \
	X(EHOSTDOWN, 64, "Host is down")                                       \
	X(EHOSTUNREACH, 65, "No route to host")                                \
	X(ENOTEMPTY, 66, "Directory not empty")                                \
	X(EPROCLIM, 67, "Too many processes")                                  \
	X(EUSERS, 68, "Too many users")                                        \
	X(EDQUOT, 69, "Disc quota exceeded")                                   \
	X(ESTALE, 70, "Stale NFS file handle")                                 \
	X(EREMOTE, 71, "Too many levels of remote in path")                    \
	X(ENOLCK, 77, "No locks available")                                    \
	X(ENOSYS, 78, "Function not implemented")                              \
	X(EFTYPE, 79, "Inappropriate file type or format")                     \
	X(EIDRM, 82, "Identifier removed")                                     \
	X(ENOMSG, 83, "No message of desired type")                            \
	X(EOVERFLOW, 84, "Value too large to be stored in data type")          \
	X(ECANCELED, 85, "Operation canceled")                                 \
	X(EILSEQ, 86, "Illegal byte sequence")                                 \
	X(ENOATTR, 87, "Attribute not found")                                  \
	X(EDOOFUS, 88, "Programming error")                                    \
	X(EBADMSG, 89, "Bad message")                                          \
	X(EMULTIHOP, 90, "Multihop attempted")                                 \
	X(ENOLINK, 91, "Link has been severed")                                \
	X(EPROTO, 92, "Protocol error")                                        \
	X(ENOMEDIUM, 93, "No medium found")                                    \
	X(ENOTRECOVERABLE, 94, "State not recoverable")                        \
	X(EOWNERDEAD, 95, "Previous owner died")

enum {
	EPERM = 1,
	ENOENT = 2,
	ESRCH = 3,
	EINTR = 4,
	EIO = 5,
	ENXIO = 6,
	E2BIG = 7,
	ENOEXEC = 8,
	EBADF = 9,
	ECHILD = 10,
	EDEADLK = 11,
	ENOMEM = 12,
	EACCES = 13,
	EFAULT = 14,
	ENOTBLK = 15,
	EBUSY = 16,
	EEXIST = 17,
	EXDEV = 18,
	ENODEV = 19,
	ENOTDIR = 20,
	EISDIR = 21,
	EINVAL = 22,
	ENFILE = 23,
	EMFILE = 24,
	ENOTTY = 25,
	ETXTBSY = 26,
	EFBIG = 27,
	ENOSPC = 28,
	ESPIPE = 29,
	EROFS = 30,
	EMLINK = 31,
	EPIPE = 32,
	EDOM = 33,
	ERANGE = 34,
	EAGAIN = 35,
	EINPROGRESS = 36,
	EALREADY = 37,
	ENOTSOCK = 38,
	EDESTADDRREQ = 39,
	EMSGSIZE = 40,
	EPROTOTYPE = 41,
	ENOPROTOOPT = 42,
	EPROTONOSUPPORT = 43,
	ESOCKTNOSUPPORT = 44,
	EOPNOTSUPP = 45,
	EPFNOSUPPORT = 46,
	EAFNOSUPPORT = 47,
	EADDRINUSE = 48,
	EADDRNOTAVAIL = 49,
	ENETDOWN = 50,
	ENETUNREACH = 51,
	ENETRESET = 52,
	ECONNABORTED = 53,
	ECONNRESET = 54,
	ENOBUFS = 55,
	EISCONN = 56,
	ENOTCONN = 57,
	ESHUTDOWN = 58,
	ETOOMANYREFS = 59,
	ETIMEDOUT = 60,
	ECONNREFUSED = 61,
	ELOOP = 62,
	ENAMETOOLONG = 63,
	EHOSTDOWN = 64,
	EHOSTUNREACH = 65,
	ENOTEMPTY = 66,
	EPROCLIM = 67,
	EUSERS = 68,
	EDQUOT = 69,
	ESTALE = 70,
	EREMOTE = 71,
	ENOLCK = 77,
	ENOSYS = 78,
	EFTYPE = 79,
	EIDRM = 82,
	ENOMSG = 83,
	EOVERFLOW = 84,
	ECANCELED = 85,
	EILSEQ = 86,
	ENOATTR = 87,
	EDOOFUS = 88,
	EBADMSG = 89,
	EMULTIHOP = 90,
	ENOLINK = 91,
	EPROTO = 92,
	ENOMEDIUM = 93,
	ENOTRECOVERABLE = 94,
	EOWNERDEAD = 95,
	EWOULDBLOCK = EAGAIN,
	ENOTSUP = EOPNOTSUPP,
	ELAST = 95,
	/* Internal: never seen by a program. */
	ERESTART = -1,	     /* restart the system call after the signal */
	EJUSTRETURN = -2,    /* the frame already holds the result */
	ERESTARTNOHAND = -3, /* restart only if no handler runs, else EINTR */
	ERESTARTNOINTR = -4, /* restart also after a handler */
};

/* Name ("ENOENT") and text of an error; "E?" and "Unknown error" if none. */
const char *errno_name(int error);
const char *errno_text(int error);

#endif
