/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Marks: texts that programs put between the events, and the switch they know.
 *
 * A mark is TEST.mark, and its text lies in the record itself: 32 bytes, for
 * a text that stayed in the segment (KTRS) would stay for ever, and programs may
 * write as many as they like.  A longer text is several events, part=0, 1, ...:
 * it was copied in before, so they follow each other on one CPU, of one thread.
 * A text ends at a NUL; one newline at its end is no part of it.
 *
 * Two doors end here: kern.ktr.mark and, for Linux programs, trace_marker
 * (vfs/tracefs).  So does the switch: kern.ktr.tracing and tracing_on.
 */
#include <sys/systm.h>
#include <sys/sysctl.h>
#include "ktr_var.h"

#define TEXT_WORDS (KTR_ARGS - 1) /* the first is its part */
#define TEXT_BYTES (TEXT_WORDS * sizeof(uint64_t))

bool
kern_ktr_marks(void)
{
	static struct ktr_point *found; /* (atomic) */
	struct ktr_point *kp = atomic_load(&found);

	if (kp == NULL) {
		if ((kp = ktr_point_named("TEST.mark")) == NULL)
			return (false);
		atomic_store(&found, kp);
	}
	return (atomic_load(&kp->kp_on) != 0);
}

static void
mark_part(uint64_t part, const char *text, size_t len)
{
	uint64_t w[TEXT_WORDS] = {0};

	memcpy(w, text, MIN(len, TEXT_BYTES));
	KTR_EVENT(TEST, mark, "part=%u text=%c", part, w[0], w[1], w[2], w[3]);
}

int
kern_ktr_mark(const char *text, size_t len)
{
	size_t at = 0;

	if (len > KTR_MARK_MAX)
		return (EINVAL);
	if (!kern_ktr_marks())
		return (EBADF);
	len = strnlen(text, len);
	if (len > 0 && text[len - 1] == '\n')
		len--;
	do {
		mark_part(at / TEXT_BYTES, text + at, len - at);
		at += TEXT_BYTES;
	} while (at < len);
	return (0);
}

static int
sysctl_mark(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	int error = sysctl_out(req, "", 1);

	if (error != 0 || req->sr_new == NULL)
		return (error);
	if (req->sr_newlen == 0)
		return (EINVAL);
	return (kern_ktr_mark(req->sr_new, req->sr_newlen));
}
SYSCTL_PROC(ktr_mark, "kern.ktr.mark", CTL_STRING, CTLF_RW, sysctl_mark,
    "write a text: it becomes an event, which a reader shows as a mark");

/*
 * 0 holds everything back, whatever is on; 1 lets it through, and marks with it,
 * so that a program that switches tracing on finds its marks.
 */
static int
sysctl_tracing(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	int on = kern_ktr_marks();
	int error = sysctl_out(req, &on, sizeof(on));

	if (error != 0 || req->sr_new == NULL)
		return (error);
	if ((error = sysctl_in(req, &on, sizeof(on))) != 0)
		return (error);
	ktr_hold(on == 0);
	return (on != 0 ? ktr_select("TEST.mark", true) : 0);
}
SYSCTL_PROC(ktr_tracing, "kern.ktr.tracing", CTL_INT, CTLF_RW, sysctl_tracing,
    "1: marks are recorded; write 0: nothing is, 1: marks and what is on are");
