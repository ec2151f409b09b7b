/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intrusive lists, with the names of queue(3): LIST (doubly linked, O(1)
 * removal, head is one pointer), TAILQ (doubly linked with tail), STAILQ
 * (singly linked with tail).
 */
#ifndef SYS_QUEUE_H
#define SYS_QUEUE_H

#define LIST_HEAD(name, type)                                                  \
	struct name {                                                          \
		struct type *lh_first;                                         \
	}
#define LIST_HEAD_INITIALIZER(head)                                            \
	{                                                                      \
		NULL                                                           \
	}
#define LIST_ENTRY(type)                                                       \
	struct {                                                               \
		struct type *le_next;                                          \
		struct type **le_prev; /* address of previous le_next */       \
	}
#define LIST_INIT(head)	  ((head)->lh_first = NULL)
#define LIST_FIRST(head)  ((head)->lh_first)
#define LIST_EMPTY(head)  ((head)->lh_first == NULL)
#define LIST_NEXT(elm, f) ((elm)->f.le_next)
#define LIST_FOREACH(v, head, f)                                               \
	for ((v) = (head)->lh_first; (v) != NULL; (v) = (v)->f.le_next)
#define LIST_FOREACH_SAFE(v, head, f, t)                                       \
	for ((v) = (head)->lh_first; (v) != NULL && ((t) = (v)->f.le_next, 1); \
	     (v) = (t))
#define LIST_INSERT_HEAD(head, elm, f)                                         \
	do {                                                                   \
		if (((elm)->f.le_next = (head)->lh_first) != NULL)             \
			(head)->lh_first->f.le_prev = &(elm)->f.le_next;       \
		(head)->lh_first = (elm);                                      \
		(elm)->f.le_prev = &(head)->lh_first;                          \
	} while (0)
#define LIST_INSERT_AFTER(at, elm, f)                                          \
	do {                                                                   \
		if (((elm)->f.le_next = (at)->f.le_next) != NULL)              \
			(at)->f.le_next->f.le_prev = &(elm)->f.le_next;        \
		(at)->f.le_next = (elm);                                       \
		(elm)->f.le_prev = &(at)->f.le_next;                           \
	} while (0)
#define LIST_REMOVE(elm, f)                                                    \
	do {                                                                   \
		if ((elm)->f.le_next != NULL)                                  \
			(elm)->f.le_next->f.le_prev = (elm)->f.le_prev;        \
		*(elm)->f.le_prev = (elm)->f.le_next;                          \
	} while (0)

#define TAILQ_HEAD(name, type)                                                 \
	struct name {                                                          \
		struct type *tqh_first;                                        \
		struct type **tqh_last;                                        \
	}
#define TAILQ_HEAD_INITIALIZER(head)                                           \
	{                                                                      \
		NULL, &(head).tqh_first                                        \
	}
#define TAILQ_ENTRY(type)                                                      \
	struct {                                                               \
		struct type *tqe_next;                                         \
		struct type **tqe_prev;                                        \
	}
#define TAILQ_INIT(head)                                                       \
	do {                                                                   \
		(head)->tqh_first = NULL;                                      \
		(head)->tqh_last = &(head)->tqh_first;                         \
	} while (0)
#define TAILQ_FIRST(head)  ((head)->tqh_first)
#define TAILQ_EMPTY(head)  ((head)->tqh_first == NULL)
#define TAILQ_NEXT(elm, f) ((elm)->f.tqe_next)
#define TAILQ_LAST(head, name)                                                 \
	(*(((struct name *)((head)->tqh_last))->tqh_last))
#define TAILQ_PREV(elm, name, f)                                               \
	(*(((struct name *)((elm)->f.tqe_prev))->tqh_last))
#define TAILQ_FOREACH(v, head, f)                                              \
	for ((v) = TAILQ_FIRST(head); (v) != NULL; (v) = TAILQ_NEXT(v, f))
#define TAILQ_FOREACH_SAFE(v, head, f, t)                                      \
	for ((v) = TAILQ_FIRST(head);                                          \
	     (v) != NULL && ((t) = TAILQ_NEXT(v, f), 1); (v) = (t))
#define TAILQ_FOREACH_REVERSE(v, head, name, f)                                \
	for ((v) = TAILQ_LAST(head, name); (v) != NULL;                        \
	     (v) = TAILQ_PREV(v, name, f))
#define TAILQ_INSERT_HEAD(head, elm, f)                                        \
	do {                                                                   \
		if (((elm)->f.tqe_next = (head)->tqh_first) != NULL)           \
			(head)->tqh_first->f.tqe_prev = &(elm)->f.tqe_next;    \
		else                                                           \
			(head)->tqh_last = &(elm)->f.tqe_next;                 \
		(head)->tqh_first = (elm);                                     \
		(elm)->f.tqe_prev = &(head)->tqh_first;                        \
	} while (0)
#define TAILQ_INSERT_TAIL(head, elm, f)                                        \
	do {                                                                   \
		(elm)->f.tqe_next = NULL;                                      \
		(elm)->f.tqe_prev = (head)->tqh_last;                          \
		*(head)->tqh_last = (elm);                                     \
		(head)->tqh_last = &(elm)->f.tqe_next;                         \
	} while (0)
#define TAILQ_INSERT_BEFORE(at, elm, f)                                        \
	do {                                                                   \
		(elm)->f.tqe_prev = (at)->f.tqe_prev;                          \
		(elm)->f.tqe_next = (at);                                      \
		*(at)->f.tqe_prev = (elm);                                     \
		(at)->f.tqe_prev = &(elm)->f.tqe_next;                         \
	} while (0)
#define TAILQ_INSERT_AFTER(head, at, elm, f)                                   \
	do {                                                                   \
		if (((elm)->f.tqe_next = (at)->f.tqe_next) != NULL)            \
			(elm)->f.tqe_next->f.tqe_prev = &(elm)->f.tqe_next;    \
		else                                                           \
			(head)->tqh_last = &(elm)->f.tqe_next;                 \
		(at)->f.tqe_next = (elm);                                      \
		(elm)->f.tqe_prev = &(at)->f.tqe_next;                         \
	} while (0)
#define TAILQ_REMOVE(head, elm, f)                                             \
	do {                                                                   \
		if ((elm)->f.tqe_next != NULL)                                 \
			(elm)->f.tqe_next->f.tqe_prev = (elm)->f.tqe_prev;     \
		else                                                           \
			(head)->tqh_last = (elm)->f.tqe_prev;                  \
		*(elm)->f.tqe_prev = (elm)->f.tqe_next;                        \
	} while (0)
#define TAILQ_CONCAT(a, b, f)                                                  \
	do {                                                                   \
		if (!TAILQ_EMPTY(b)) {                                         \
			*(a)->tqh_last = (b)->tqh_first;                       \
			(b)->tqh_first->f.tqe_prev = (a)->tqh_last;            \
			(a)->tqh_last = (b)->tqh_last;                         \
			TAILQ_INIT(b);                                         \
		}                                                              \
	} while (0)

#define STAILQ_HEAD(name, type)                                                \
	struct name {                                                          \
		struct type *stqh_first;                                       \
		struct type **stqh_last;                                       \
	}
#define STAILQ_HEAD_INITIALIZER(head)                                          \
	{                                                                      \
		NULL, &(head).stqh_first                                       \
	}
#define STAILQ_ENTRY(type)                                                     \
	struct {                                                               \
		struct type *stqe_next;                                        \
	}
#define STAILQ_INIT(head)                                                      \
	do {                                                                   \
		(head)->stqh_first = NULL;                                     \
		(head)->stqh_last = &(head)->stqh_first;                       \
	} while (0)
#define STAILQ_FIRST(head)  ((head)->stqh_first)
#define STAILQ_EMPTY(head)  ((head)->stqh_first == NULL)
#define STAILQ_NEXT(elm, f) ((elm)->f.stqe_next)
#define STAILQ_FOREACH(v, head, f)                                             \
	for ((v) = STAILQ_FIRST(head); (v) != NULL; (v) = STAILQ_NEXT(v, f))
#define STAILQ_INSERT_TAIL(head, elm, f)                                       \
	do {                                                                   \
		(elm)->f.stqe_next = NULL;                                     \
		*(head)->stqh_last = (elm);                                    \
		(head)->stqh_last = &(elm)->f.stqe_next;                       \
	} while (0)
#define STAILQ_REMOVE_HEAD(head, f)                                            \
	do {                                                                   \
		if (((head)->stqh_first = (head)->stqh_first->f.stqe_next) ==  \
		    NULL)                                                      \
			(head)->stqh_last = &(head)->stqh_first;               \
	} while (0)

#endif
