/* SPDX-License-Identifier: BSD-2-Clause */
/* Exports that come in pieces. */
#ifndef TRACED_EXPORT_H
#define TRACED_EXPORT_H

#include "traced.h"

/* Text, CSV or Chrome's JSON of window and filter, into rq_response; a status. */
int export_rows(struct request *rq, const char *format);

#endif
