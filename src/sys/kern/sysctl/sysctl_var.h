/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to kern/sysctl. */
#ifndef KERN_SYSCTL_VAR_H
#define KERN_SYSCTL_VAR_H

#include <sys/sysctl.h>

/* Entries for the fault points: an array of *countp, or NULL (ENOMEM, none). */
const struct sysctl_entry *sysctl_fault_entries(size_t *countp);

#endif
