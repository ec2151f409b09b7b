/* SPDX-License-Identifier: BSD-2-Clause */
/* The hooks of sys/memcheck.h, in host types. */
#ifndef HOST_MEMCHECK_H
#define HOST_MEMCHECK_H

uint32_t memcheck_stack_add(void *low, size_t len);
void memcheck_stack_drop(uint32_t id);
void memcheck_alloc(void *p, size_t len, bool zeroed);
void memcheck_free(void *p);
void memcheck_noaccess(void *p, size_t len);
void memcheck_undefined(void *p, size_t len);
void memcheck_defined(void *p, size_t len);
void memcheck_check_defined(const void *p, size_t len);

#endif
