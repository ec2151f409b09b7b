/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stream of the live mode (server-sent events): a line of JSON when the
 * trace grew, a few times a second.  A connection that has been told all sleeps
 * (is suspended) until live_wake.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include "traced.h"

struct listener {
	struct listener *next;
	struct traced *td;
	struct MHD_Connection *connection;
	uint64_t told; /* the tick that it knows */
	bool asleep, last;
	size_t at, n; /* of text */
	char text[400];
};

/* (td_lock) */
static void
news(struct listener *li)
{
	struct traced *td = li->td;
	struct store *st = td->td_store;

	li->told = td->td_tick;
	li->last = !td->td_live;
	li->at = 0;
	li->n = (size_t)snprintf(li->text, sizeof(li->text),
	    "data: {\"end\":%lu,\"rows\":%lu,\"lost\":%lu,\"overwritten\":%lu,"
	    "\"forgotten\":%lu,\"losses\":%lu,\"rate\":%.0f,\"live\":%s,"
	    "\"detail_from\":%lu,\"state\":\"%s\"}\n\n",
	    trace_end(st), st->st_rows, st->st_lost, st->st_overwritten,
	    st->st_forgotten, st->st_losses.v_n, td->td_rate,
	    td->td_live ? "true" : "false", store_detail_from(st),
	    state_name(td));
}

static ssize_t
stream(void *arg, uint64_t pos, char *to, size_t max)
{
	struct listener *li = arg;
	struct traced *td = li->td;
	size_t n;

	(void)pos;
	pthread_mutex_lock(&td->td_lock);
	if (li->at == li->n) {
		if (li->last) {
			pthread_mutex_unlock(&td->td_lock);
			return (MHD_CONTENT_READER_END_OF_STREAM);
		}
		if (li->told == td->td_tick) {
			li->asleep = true;
			MHD_suspend_connection(li->connection);
			pthread_mutex_unlock(&td->td_lock);
			return (0);
		}
		news(li);
	}
	n = li->n - li->at < max ? li->n - li->at : max;
	memcpy(to, li->text + li->at, n);
	li->at += n;
	pthread_mutex_unlock(&td->td_lock);
	return ((ssize_t)n);
}

static void
gone(void *arg)
{
	struct listener *li = arg, **p;

	pthread_mutex_lock(&li->td->td_lock);
	for (p = &li->td->td_listeners; *p != NULL; p = &(*p)->next)
		if (*p == li) {
			*p = li->next;
			break;
		}
	pthread_mutex_unlock(&li->td->td_lock);
	free(li);
}

struct MHD_Response *
live_response(struct traced *td, struct MHD_Connection *c)
{
	struct listener *li = calloc(1, sizeof(*li));
	struct MHD_Response *r;

	if (li == NULL)
		return (NULL);
	li->td = td;
	li->connection = c;
	r = MHD_create_response_from_callback(
	    MHD_SIZE_UNKNOWN, sizeof(li->text), stream, li, gone);
	if (r == NULL) {
		free(li);
		return (NULL);
	}
	pthread_mutex_lock(&td->td_lock);
	li->told = td->td_tick - 1; /* once at least */
	li->next = td->td_listeners;
	td->td_listeners = li;
	pthread_mutex_unlock(&td->td_lock);
	return (r);
}

void
live_wake(struct traced *td)
{
	td->td_tick++;
	for (struct listener *li = td->td_listeners; li != NULL; li = li->next)
		if (li->asleep) {
			li->asleep = false;
			MHD_resume_connection(li->connection);
		}
}
