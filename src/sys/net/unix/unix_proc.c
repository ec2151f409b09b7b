/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: /proc/net/unix, a line for each socket: address, references,
 * protocol, flags, type, state, inode, name (an abstract one begins with "@").
 * The address is nobody's business: 0.
 * ss(8) and lsof(8) read it.
 */
#include <sys/systm.h>
#include <sys/lock.h>
#include <sys/procnet.h>

#include "unix_var.h"

#define FLAG_ACCEPTS 0x10000 /* it listens */

/* Linux's socket states. */
enum {
	STATE_UNCONNECTED = 1,
	STATE_CONNECTING,
	STATE_CONNECTED
};

static int
unix_state(const struct unpcb *un)
{
	if ((un->un_socket->so_state & SS_CONNECTING) != 0)
		return (STATE_CONNECTING);
	return (un->un_peer != NULL ? STATE_CONNECTED : STATE_UNCONNECTED);
}

/* (u) The bytes of an abstract name that are no text become "@", as the first. */
static void
unix_name_text(const struct sockname *name, struct procfs_text *t)
{
	bool abstract = name->sn_data[0] == '\0';

	if (name->sn_len == 0)
		return;
	text_printf(t, " ");
	for (uint16_t i = 0; i < name->sn_len; i++) {
		uint8_t c = name->sn_data[i];

		if (c == '\0' && !abstract)
			break;
		text_printf(t, "%c", c == '\0' ? '@' : c);
	}
}

static void
unix_text(struct procfs_text *t)
{
	struct unpcb *un;

	text_printf(
	    t, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	lock_shared(&unix_lock);
	LIST_FOREACH(un, &unix_all, un_all) {
		const struct socket *so = un->un_socket;

		text_printf(t, "%016x: %08X 00000000 %08X %04X %02X %5lu", 0,
		    atomic_load(&so->so_refs),
		    (so->so_state & SS_LISTENING) != 0 ? FLAG_ACCEPTS : 0,
		    (unsigned)so->so_type, (unsigned)unix_state(un), so->so_id);
		unix_name_text(&un->un_name, t);
		text_printf(t, "\n");
	}
	lock_release(&unix_lock);
}
PROC_NET_FILE(unix, unix_text);
