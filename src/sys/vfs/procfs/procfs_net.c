/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs: PID/net (and net, a link to it).  The protocols write the texts
 * (sys/procnet.h); what none of them writes is its heading alone.
 */
#include <sys/systm.h>
#include <sys/procnet.h>

#include "procfs_var.h"

SET_DECLARE(proc_net_files, const struct proc_net_file);

static int
net_text(struct procfs_node *pn, struct procfs_text *t)
{
	const struct procfs_entry *pe = pn->pn_entry;
	const struct proc_net_file *pnf;

	SET_FOREACH(pnf, proc_net_files)
		if (strcmp(pnf->pnf_name, pe->pe_name) == 0) {
			pnf->pnf_text(t);
			return (0);
		}
	text_printf(t, "%s", (const char *)pe->pe_arg);
	return (0);
}

#define NET_FILE(n, heading)                                                   \
	{                                                                      \
		.pe_name = n, .pe_type = PE_FILE, .pe_mode = 0444,             \
		.pe_gen = net_text, .pe_arg = (heading)                        \
	}

#define DEV                                                                    \
	"Inter-|   Receive                                                "    \
	"|  Transmit\n"                                                        \
	" face |bytes    packets errs drop fifo frame compressed multicast"    \
	"|bytes    packets errs drop fifo colls carrier compressed\n"
#define TCP                                                                    \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "  \
	"retrnsmt   uid  timeout inode\n"
#define ROUTE                                                                  \
	"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\t"   \
	"MTU\tWindow\tIRTT\n"

const struct procfs_entry procfs_net_table[PROCFS_NET_COUNT] = {
    NET_FILE("arp",
	"IP address       HW type     Flags       HW address            Mask"
	"     Device\n"),
    NET_FILE("dev", DEV),
    NET_FILE("if_inet6", ""),
    NET_FILE("netlink",
	"sk               Eth Pid        Groups   Rmem     Wmem     Dump  "
	"Locks    Drops    Inode\n"),
    NET_FILE(
	"packet", "sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n"),
    NET_FILE("raw", TCP),
    NET_FILE("route", ROUTE),
    NET_FILE("tcp", TCP),
    NET_FILE("tcp6", TCP),
    NET_FILE("udp", TCP),
    NET_FILE("udp6", TCP),
    NET_FILE("unix", ""),
};
