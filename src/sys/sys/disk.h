/* SPDX-License-Identifier: BSD-2-Clause */
/* Native requests that disks answer. */
#ifndef SYS_DISK_H
#define SYS_DISK_H

#include <sys/types.h>
#include <sys/ioccom.h>

#define DIOCGSECTORSIZE _IOR('d', 128, uint32_t)
#define DIOCGMEDIASIZE	_IOR('d', 129, uint64_t) /* bytes */
#define DIOCGFLUSH	_IO('d', 135)		 /* what was written lasts */
#define DIOCGREADONLY	_IOR('d', 180, int)

#endif
