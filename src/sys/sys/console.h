/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's console, below the console tty (dev/console). */
#ifndef SYS_CONSOLE_H
#define SYS_CONSOLE_H

#include <sys/types.h>

/* Machine: write bytes now, in any context; also used by kprintf and panic. */
void console_write(const void *buf, size_t len);
/* Machine: wait for one input byte without the scheduler; -1 at the end. */
int console_poll(void);
/* Machine: window size in cells, 0 if unknown. */
void console_size(uint16_t *rowsp, uint16_t *colsp);
/* dev/console: the machine has input (from an IPI or soft thread). */
void console_input(const uint8_t *buf, size_t len);
/*
 * The same for a pipe or file, of which no byte may get lost: false if there is
 * no room; nothing was taken then, and console_wanted is called when there is.
 */
bool console_input_all(const uint8_t *buf, size_t len);
/* Machine: offer again what console_input_all refused. */
void console_wanted(void);
void console_eof(void); /* the machine's input ended: acts as VEOF */
/* dev/console: kprintf hands its text to the kernel log ring.  Any context. */
void klog_write(const char *text, size_t len);
void console_resized(void); /* ask console_size again, SIGWINCH */

#endif
