/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports.  A port that nobody answers at reads as all ones. */
#ifndef CPU_IO_H
#define CPU_IO_H

#include <sys/types.h>

#define IO_ACCESS(bits, suffix)                                                \
	static inline uint##bits##_t io_in##bits(uint16_t port)                \
	{                                                                      \
		uint##bits##_t v;                                              \
                                                                               \
		__asm__ volatile("in" suffix " %1, %0" : "=a"(v) : "Nd"(port)); \
		return (v);                                                    \
	}                                                                      \
	static inline void io_out##bits(uint16_t port, uint##bits##_t v)       \
	{                                                                      \
		__asm__ volatile("out" suffix " %0, %1" ::"a"(v), "Nd"(port)); \
	}

IO_ACCESS(8, "b")
IO_ACCESS(16, "w")
IO_ACCESS(32, "l")
#undef IO_ACCESS

#endif
