/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to the socket core. */
#ifndef NET_SOCKET_VAR_H
#define NET_SOCKET_VAR_H

#include <sys/malloc.h>
#include <sys/socketvar.h>

MALLOC_DECLARE(M_SOCKET);

/* sock_calls.c: what read, write and the message calls share. */
int socket_send(struct socket *so, struct sockmsg *sm, bool nonblock);
int socket_receive(struct socket *so, struct sockmsg *sm, bool nonblock);

/* (s) Bytes that one receive could get: all of a stream, one message else. */
size_t socket_readable(const struct socket *so);

#endif
