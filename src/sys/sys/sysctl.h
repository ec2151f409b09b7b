/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sysctl tree: dotted names to typed values.  Entries register through
 * the linker set; parents need no declaration.  Every entry has a description.
 */
#ifndef SYS_SYSCTL_H
#define SYS_SYSCTL_H

#include <sys/types.h>

struct sysctl_req {   /* one access */
	void *sr_old; /* kernel buffer for the value, NULL: only length */
	size_t sr_oldmax;
	size_t sr_oldlen;   /* out */
	const void *sr_new; /* NULL: read only */
	size_t sr_newlen;
};
enum sysctl_type {
	CTL_INT,
	CTL_UINT,
	CTL_I64,
	CTL_U64,
	CTL_STRING,
	CTL_OPAQUE
};
#define CTLF_RD	      0x1
#define CTLF_RW	      0x3
#define CTLF_ANYWRITE 0x4 /* not only root */

struct sysctl_entry {
	const char *sc_name; /* "kern.ostype" */
	enum sysctl_type sc_type;
	uint32_t sc_flags;
	void *sc_ptr;	/* the variable */
	size_t sc_size; /* STRING: buffer size; OPAQUE: length */
	int (*sc_handler)(const struct sysctl_entry *e,
	    struct sysctl_req *req); /* instead of ptr */
	const char *sc_desc;
};
#define SYSCTL_VAR(id, name, type, flags, ptr, size, desc)                     \
	static const struct sysctl_entry CONCAT(sysctlent_, id) = {            \
	    name, type, flags, ptr, size, NULL, desc};                         \
	SET_ENTRY(sysctl_entries, &CONCAT(sysctlent_, id))
#define SYSCTL_INT(id, name, flags, ptr, desc)                                 \
	SYSCTL_VAR(id, name, CTL_INT, flags, ptr, sizeof(int), desc)
#define SYSCTL_U64(id, name, flags, ptr, desc)                                 \
	SYSCTL_VAR(id, name, CTL_U64, flags, ptr, sizeof(uint64_t), desc)
#define SYSCTL_PROC(id, name, type, flags, handler, desc)                      \
	static const struct sysctl_entry CONCAT(sysctlent_, id) = {            \
	    name, type, flags, NULL, 0, handler, desc};                        \
	SET_ENTRY(sysctl_entries, &CONCAT(sysctlent_, id))

const struct sysctl_entry *sysctl_find(const char *name);
/* In name order: the entry after name ("" first), NULL at the end. */
const struct sysctl_entry *sysctl_next(const char *name);
/* 0, ENOENT, EPERM, EINVAL (type), ENOMEM (buffer too small). */
int sysctl_access(const char *name, struct sysctl_req *req);
/* For handlers: give len bytes out, take the new value in. */
int sysctl_out(struct sysctl_req *req, const void *p, size_t len);
int sysctl_in(struct sysctl_req *req, void *p, size_t len);

#endif
