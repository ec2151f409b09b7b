/* SPDX-License-Identifier: BSD-2-Clause */
/* The peer's event: four words, as TEST.bench has them. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER bench
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./tp.h"
#if !defined(TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define TP_H
#include <stdint.h>
#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(bench, four,
    LTTNG_UST_TP_ARGS(uint64_t, a, uint64_t, b, uint64_t, c, uint64_t, d),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, a, a)
	    lttng_ust_field_integer_hex(uint64_t, b, b) lttng_ust_field_integer(
		uint64_t, c, c) lttng_ust_field_integer_hex(uint64_t, d, d)))
#endif
#include <lttng/tracepoint-event.h>
