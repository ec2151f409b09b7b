/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared segment, as the kernel writes it and readers see it.
 *
 * All offsets count from the start of the segment, all numbers are little
 * endian, no pointer is followed by a reader.  A reader maps it read-only and
 * asks the kernel for nothing.
 *
 *	0			struct kshm_header
 *	kh_directory		struct kshm_object [kh_nobjects], append-only
 *	kh_types		BTF (type information) of the kernel
 *	kh_events		struct kshm_event [kh_nevents], by id - 1
 *	kh_strings		texts with a NUL, named by their offset in here;
 *				append-only, 0 is the empty text
 *	elsewhere		the objects
 *
 * Publishing: what a count or kh_bytes covers is complete before the count is
 * stored (release); a reader loads it with acquire.
 *
 * Where the segment lies.  On the vkernel it is a file of its own, offset is
 * offset.  On the PC it lies in pieces in the guest's RAM: kh_extents tells
 * where; the first piece begins with the header, on a page.
 *
 * Rings (KSHM_RING).  One writer, its CPU, and what interrupts it.  A writer
 * takes number n by one unlocked instruction (n = kr_head++), then in the slot
 * n % kr_entries: sequence odd, fields, sequence 2 * (n + 1).  A number at or
 * above kr_limit was given out but is never stored (stop mode).  A reader that
 * wants number n copies the slot and looks at the sequence before and after:
 * 2 * (n + 1) both times: the record.  Greater: lost, lapped.  Else it is being
 * written: look again, for a bounded time, then count it as lost.
 * So seen + lost == kr_head, always.
 *
 * The version grows when a reader of the old one would read it wrong; members
 * are appended without that (kh_header_bytes, ko and ke sizes tell).
 */
#ifndef SYS_KSHM_ABI_H
#define SYS_KSHM_ABI_H

#include <stddef.h>
#include <stdint.h>

#define KSHM_MAGIC	 0x314d48534b59414dUL /* "MAYKSHM1" */
#define KSHM_ABI_VERSION 1
#define KSHM_PAGE	 4096
#define KSHM_EXTENTS	 64
#define KSHM_FD		 101	       /* the descriptor of a vkernel */
#define KSHM_FILE_NAME	 "mayfly-kshm" /* the vkernel's memfd, ":NAME" follows */

enum kshm_state {
	KSHM_BOOTING,
	KSHM_RUNNING,
	KSHM_STOPPED,
	KSHM_PANICKED
};
enum kshm_machine {
	KSHM_VKERNEL = 1,
	KSHM_PC64
};

struct kshm_extent {
	uint64_t kx_offset; /* in the segment */
	uint64_t kx_bytes;
	uint64_t kx_pa; /* physical address */
};

/* The clock: ns since boot = kc_mono + (cycles - kc_cycles) * kc_mult / 2^32. */
struct kshm_clock {
	uint32_t kc_seq;  /* odd while it is changed */
	uint32_t kc_unit; /* of a record's time: KSHM_CYCLES, KSHM_NS */
	uint64_t kc_cycles;
	uint64_t kc_mult; /* 0: not known (yet) */
	int64_t kc_mono;
	int64_t kc_real; /* time of day - ns since boot */
};
#define KSHM_CYCLES 0
#define KSHM_NS	    1

struct kshm_header {
	uint64_t kh_magic;
	uint32_t kh_abi;
	uint32_t kh_header_bytes;
	uint8_t kh_boot_id[16];
	uint64_t kh_bytes; /* of the segment, so far */
	uint32_t kh_state;
	uint32_t kh_machine;
	uint32_t kh_ncpus;
	uint32_t kh_nextents;
	uint64_t kh_directory;
	uint32_t kh_nobjects;
	uint32_t kh_object_bytes;
	uint64_t kh_types;
	uint64_t kh_types_bytes;
	uint64_t kh_events;
	uint32_t kh_nevents;
	uint32_t kh_event_bytes;
	uint64_t kh_strings;
	uint64_t kh_strings_bytes;
	struct kshm_clock kh_clock;
	uint64_t kh_hash;	/* of the event stream, if asked for */
	uint64_t kh_hash_count; /* events in it */
	uint32_t kh_refused;	/* objects that found no room */
	uint32_t kh_pad;
	char kh_name[64]; /* option kshm.name */
	char kh_version[64];
	char kh_panic[192]; /* its message, when kh_state says so */
	struct kshm_extent kh_extents[KSHM_EXTENTS];
};

/* How an object may be read. */
enum kshm_class {
	KSHM_CONST = 1, /* does not change once published */
	KSHM_COUNTER,	/* each aligned word by itself */
	KSHM_SEQLOCK, /* ko_seq: a 32-bit word of each element, odd: changing */
	KSHM_RING     /* struct kshm_ring */
};
/* Who is meant to see it.  The segment as a whole is for KSHM_TRACE. */
enum kshm_access {
	KSHM_ANY = 1, /* holds no addresses, nothing of a program's */
	KSHM_TRACE    /* root and group ktr */
};

struct kshm_object {
	char ko_path[64];
	char ko_type[40]; /* C name of an element's type, as BTF has it */
	uint64_t ko_offset;
	uint64_t ko_size; /* of an element; also the distance to the next */
	uint32_t ko_count;
	uint16_t ko_class;
	uint16_t ko_access;
	uint32_t ko_seq; /* KSHM_SEQLOCK: offset of the word in an element */
	uint32_t ko_pad[15];
};

#define KSHM_EVENT_ARGS 5
struct kshm_event {
	uint32_t ke_id; /* 1... */
	uint32_t ke_group;
	uint32_t ke_group_name; /* strings */
	uint32_t ke_name;
	/*
	 * "field=%d other=%p": names and conversions.  %c: the text is in this
	 * argument and all behind it, which are no fields of their own.
	 */
	uint32_t ke_format;
	uint32_t ke_file;
	uint32_t ke_line;
	uint32_t ke_nargs;
	uint32_t ke_pointers; /* bit i: argument i is an address */
	uint32_t ke_strings;  /* bit i: argument i is an offset into strings */
	uint64_t ke_hash;     /* of group and name: the same in every build */
};

struct kshm_ring {
	uint64_t kr_head;    /* numbers ever given out */
	uint64_t kr_limit;   /* numbers from here on are not stored */
	uint32_t kr_entries; /* a power of two */
	uint32_t kr_record_bytes;
	uint32_t kr_cpu;
	uint32_t kr_early;   /* 1: of the boot, before there was memory */
	uint64_t kr_records; /* offset of the records */
	uint64_t kr_pad[3];
};

struct kshm_record {
	uint64_t kr_seq; /* 2 * (n + 1) when whole, odd while filled */
	uint64_t kr_time;
	uint32_t kr_id;
	uint32_t kr_thread; /* td_id; lwkt.threads has names */
	uint64_t kr_args[KSHM_EVENT_ARGS];
};

/*
 * A filter is a program over one record: a stack of signed 64-bit numbers,
 * instructions in order, jumps only forward; the number left on top says
 * whether to keep the event (not 0).  The kernel checks it (ktr_filter.c).
 */
#define KSHM_FILTER_MAX	  64 /* instructions */
#define KSHM_FILTER_STACK 16
enum kshm_filter_op {
	KFO_CONST,  /* push kf_value */
	KFO_ARG,    /* push argument kf_value */
	KFO_THREAD, /* push the thread's id */
	KFO_CPU,    /* push the CPU */
	KFO_DUP,
	KFO_POP,
	KFO_NOT, /* from here: top := op top */
	KFO_NEG,
	KFO_BNOT,
	KFO_ADD, /* from here: two off, one on */
	KFO_SUB,
	KFO_MUL,
	KFO_AND,
	KFO_OR,
	KFO_XOR,
	KFO_SHL,
	KFO_SHR,
	KFO_EQ,
	KFO_NE,
	KFO_LT,
	KFO_LE,
	KFO_JZ, /* kf_value instructions forward if the top is 0; stays */
	KFO_JNZ,
	KFO_COUNT
};
struct kshm_filter_insn {
	uint32_t kf_op;
	uint32_t kf_pad;
	int64_t kf_value;
};
_Static_assert(sizeof(struct kshm_header) <= KSHM_PAGE, "header");
_Static_assert(sizeof(struct kshm_object) == 192, "object");
_Static_assert(sizeof(struct kshm_event) == 48, "event");
_Static_assert(sizeof(struct kshm_ring) == 64, "ring");
_Static_assert(sizeof(struct kshm_record) == 64, "record");
_Static_assert(sizeof(struct kshm_filter_insn) == 16, "filter");
_Static_assert(offsetof(struct kshm_header, kh_clock) == 120, "clock");

#endif
