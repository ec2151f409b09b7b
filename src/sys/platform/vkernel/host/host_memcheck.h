/* SPDX-License-Identifier: BSD-2-Clause */
/* sys/memcheck.h in the host's types. */
#ifndef HOST_MEMCHECK_H
#define HOST_MEMCHECK_H

uint32_t memcheck_stack_add(void *low, size_t len);
void memcheck_stack_drop(uint32_t id);
void memcheck_stack_begin(void *low, void *sp);
void memcheck_stack_end(void *low, size_t len);
void memcheck_pool_create(const void *pool);
void memcheck_pool_alloc(const void *pool, void *p, size_t len);
void memcheck_pool_free(const void *pool, void *p);
void memcheck_noaccess(void *p, size_t len);
void memcheck_undefined(void *p, size_t len);
void memcheck_defined(void *p, size_t len);
void memcheck_check_defined(const void *p, size_t len);
void memcheck_leaks_mark(void);
void memcheck_leaks_report(void);

#endif
