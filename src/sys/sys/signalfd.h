/* SPDX-License-Identifier: BSD-2-Clause */
/* What a read of a signalfd gives: 128 bytes for each signal. */
#ifndef SYS_SIGNALFD_H
#define SYS_SIGNALFD_H

#include <sys/types.h>

struct signalfd_record {
	uint32_t sr_signo;
	int32_t sr_errno;
	int32_t sr_code;
	uint32_t sr_pid;
	uint32_t sr_uid;
	int32_t sr_fd;
	uint32_t sr_tid;
	uint32_t sr_band;
	uint32_t sr_overrun;
	uint32_t sr_trapno;
	int32_t sr_status;
	int32_t sr_int;
	uint64_t sr_ptr;
	uint64_t sr_utime;
	uint64_t sr_stime;
	uint64_t sr_addr;
	uint8_t sr_pad[48];
};

/*
 * The ABI that offers the call renumbers sr_code and sr_status for its readers
 * (sr_signo is done already).  NULL: they stay native.
 */
struct ksiginfo;
extern void (*signalfd_convert)(
    struct signalfd_record *sr, const struct ksiginfo *ksi);

#endif
