/* SPDX-License-Identifier: BSD-2-Clause */
/* Native ioctl numbers carry direction and size, so calls copy the data. */
#ifndef SYS_IOCCOM_H
#define SYS_IOCCOM_H

#define IOCPARM_MASK   0x1fff
#define IOCPARM_LEN(c) (((c) >> 16) & IOCPARM_MASK)
#define IOC_VOID       0x20000000UL
#define IOC_OUT	       0x40000000UL
#define IOC_IN	       0x80000000UL
#define IOC_INOUT      (IOC_IN | IOC_OUT)
#define _IOC(d, g, n, l)                                                       \
	((uint64_t)((d) | (((l)&IOCPARM_MASK) << 16) | ((g) << 8) | (n)))
#define _IO(g, n)      _IOC(IOC_VOID, g, n, 0UL)
#define _IOR(g, n, t)  _IOC(IOC_OUT, g, n, sizeof(t))
#define _IOW(g, n, t)  _IOC(IOC_IN, g, n, sizeof(t))
#define _IOWR(g, n, t) _IOC(IOC_INOUT, g, n, sizeof(t))

#define FIONREAD  _IOR('f', 127, int)
#define FIONWRITE _IOR('f', 119, int) /* bytes sent and not read yet */
#define FIONSPACE _IOR('f', 118, int) /* room for a write */
#define FIONBIO	  _IOW('f', 126, int)
#define FIOASYNC  _IOW('f', 125, int)

#endif
