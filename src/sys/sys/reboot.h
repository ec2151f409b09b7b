/* SPDX-License-Identifier: BSD-2-Clause */
/* How reboot(2) leaves the machine; for the kernel and native programs. */
#ifndef SYS_REBOOT_H
#define SYS_REBOOT_H

#define RB_HALT	    0x1
#define RB_REBOOT   0x2
#define RB_POWEROFF 0x4

#endif
