/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device interrupts and device memory: what a machine with buses offers its
 * drivers.  A machine without buses has none of these functions, and no driver
 * that needs them is linked into it.
 *
 * A handler runs on some CPU at a poll point, like an IPI function: with
 * interrupts enabled, holding nothing; it may take spin locks, wake threads
 * and start others, never sleep.  One handler never runs on two CPUs at once.
 * A level-triggered line stays masked from its interrupt until every handler
 * of the line has run.
 */
#ifndef SYS_INTR_H
#define SYS_INTR_H

#include <sys/types.h>

struct intr; /* one established handler; opaque */
typedef void (*intr_func_t)(void *arg);

/*
 * A message-signalled interrupt: writing *datap (32 bits) to the physical
 * address *addrp raises it.  0, ENOMEM, ENOSPC (no vector left).  May sleep.
 */
int intr_msi_create(intr_func_t func, void *arg, const char *name,
    struct intr **ip, uint64_t *addrp, uint32_t *datap);
/*
 * Line number gsi (ACPI global system interrupt).  Lines are shared.
 * 0, ENOMEM, ENXIO (no such line), ENOSPC.  May sleep.
 */
int intr_line_create(uint32_t gsi, bool level, bool active_low,
    intr_func_t func, void *arg, const char *name, struct intr **ip);
/* When it returns the handler is not running and never runs again. */
void intr_destroy(struct intr *i);

/*
 * Kernel address of device registers [pa, pa+len), uncached; NULL if there is
 * no room for it.  Mappings last; asking twice gives the same address.
 */
volatile void *device_map(paddr_t pa, size_t len);

/* Physical address of kernel memory (kmalloc, pages): for DMA. */
paddr_t kva_to_pa(const void *kva);

#endif
