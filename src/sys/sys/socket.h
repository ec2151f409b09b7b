/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets: the native numbers (those of 4.4BSD where it has them). */
#ifndef SYS_SOCKET_H
#define SYS_SOCKET_H

#include <sys/types.h>

#define AF_UNSPEC  0
#define AF_UNIX	   1
#define AF_INET	   2
#define AF_INET6   28
#define AF_NETLINK 38

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5

#define SHUT_RD	  0
#define SHUT_WR	  1
#define SHUT_RDWR 2

#define MSG_OOB		 0x0001
#define MSG_PEEK	 0x0002
#define MSG_DONTROUTE	 0x0004
#define MSG_EOR		 0x0008
#define MSG_TRUNC	 0x0010 /* in: tell the whole length; out: cut */
#define MSG_CTRUNC	 0x0020 /* out: control information was cut */
#define MSG_WAITALL	 0x0040
#define MSG_DONTWAIT	 0x0080
#define MSG_NOSIGNAL	 0x4000
#define MSG_CMSG_CLOEXEC 0x40000

#define SOL_SOCKET 0xffff

/* Options that are bits of so_options ... */
#define SO_DEBUG     0x0001
#define SO_REUSEADDR 0x0004
#define SO_KEEPALIVE 0x0008
#define SO_DONTROUTE 0x0010
#define SO_BROADCAST 0x0020
#define SO_OOBINLINE 0x0100
#define SO_REUSEPORT 0x0200
#define SO_TIMESTAMP 0x0400
#define SO_PASSCRED  0x0800 /* receive the sender's ids with each message */
#define SO_BITS	     0x0f3d
/* ... and those that are not. */
#define SO_ACCEPTCONN 0x10002
#define SO_LINGER     0x10080
#define SO_SNDBUF     0x11001
#define SO_RCVBUF     0x11002
#define SO_SNDLOWAT   0x11003
#define SO_RCVLOWAT   0x11004
#define SO_SNDTIMEO   0x11005
#define SO_RCVTIMEO   0x11006
#define SO_ERROR      0x11007
#define SO_TYPE	      0x11008
#define SO_DOMAIN     0x11019
#define SO_PROTOCOL   0x11018
#define SO_PEERCRED   0x11020

#define SOMAXCONN 4096

struct linger {
	int32_t l_onoff, l_linger; /* seconds */
};
/* SO_PEERCRED, and control information of kind credentials. */
struct sockcred {
	pid_t sc_pid;
	uid_t sc_uid;
	gid_t sc_gid;
};

#endif
