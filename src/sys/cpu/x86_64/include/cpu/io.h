/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports of the x86 input/output space.  The memory clobber keeps a port access
 * in order with loads and stores: a driver's descriptor is written before the
 * port that announces it.
 */
#ifndef CPU_IO_H
#define CPU_IO_H

#include <sys/types.h>

static inline uint8_t
io_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return (value);
}

static inline uint16_t
io_in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return (value);
}

static inline uint32_t
io_in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return (value);
}

static inline void
io_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void
io_out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void
io_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

#endif
