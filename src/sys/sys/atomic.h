/* SPDX-License-Identifier: BSD-2-Clause */
/* Atomic operations: the compiler's builtins under the names we read best. */
#ifndef SYS_ATOMIC_H
#define SYS_ATOMIC_H

#define atomic_load(p)	       __atomic_load_n((p), __ATOMIC_RELAXED)
#define atomic_load_acq(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_load_seq(p)     __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define atomic_store(p, v)     __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define atomic_store_rel(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_store_seq(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define atomic_add(p, v)       __atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)
#define atomic_sub(p, v)       __atomic_sub_fetch((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetchadd(p, v)  __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define atomic_or(p, v)	       __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_and(p, v)       __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define atomic_swap(p, v)      __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fence()	       __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* True if *p was old and now is new. */
#define atomic_cmpset(p, old, new)                                             \
	({                                                                     \
		__typeof__((__typeof__(*(p)))(old)) _old = (old);              \
		__atomic_compare_exchange_n((p), &_old, (new), false,          \
		    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                       \
	})

#endif
