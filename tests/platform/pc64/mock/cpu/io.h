/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for the real <cpu/io.h>: ports that check_ports.c plays. */
#ifndef CPU_IO_H
#define CPU_IO_H

#include <sys/types.h>

uint32_t mock_in(uint16_t port, int bits);
void mock_out(uint16_t port, int bits, uint32_t value);

#define io_in8(port)	      ((uint8_t)mock_in(port, 8))
#define io_in16(port)	      ((uint16_t)mock_in(port, 16))
#define io_in32(port)	      mock_in(port, 32)
#define io_out8(port, value)  mock_out(port, 8, value)
#define io_out16(port, value) mock_out(port, 16, value)
#define io_out32(port, value) mock_out(port, 32, value)

#endif
