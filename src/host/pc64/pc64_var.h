/* SPDX-License-Identifier: BSD-2-Clause */
/* What the launcher's files share; pc64.c tells how they work together. */
#ifndef PC64_VAR_H
#define PC64_VAR_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Our exit statuses beside the program's own. */
#define EXIT_NO_QEMU 125
#define EXIT_PANIC   134
#define EXIT_HANG    135

/* How a machine is put together; rows in machine.c. */
struct tier {
	const char *t_name;
	const char *t_machine;	/* QEMU's -machine */
	const char *t_device;	/* "virtio-rng-" and this is a device's name */
	const char *t_firmware; /* instead of QEMU's own, or NULL */
	const char *t_image; /* GRUB's medium: "iso", "disk"; NULL: -kernel */
};

struct config {
	const struct tier *c_tier;
	uint64_t c_memory_bytes;
	int c_cpus;
	char *c_kernel;		 /* path */
	const char *c_initramfs; /* path, or NULL */
	char *c_share;		 /* directory, or NULL */
	bool c_share_ro;
	const char *c_gdb;    /* TCP port or path of a socket, or NULL */
	const char *c_icount; /* shift, or NULL */
	const char *c_seed;   /* of the guest's random numbers, or NULL */
	int c_timeout_s;      /* 0: none */
	const char *c_kshm;   /* file that is to be the RAM, or NULL */
	const char *c_serve;  /* socket, or NULL */
	int c_workers;
	const char **c_sets; /* KEY[=VALUE], NULL-terminated */
	char **c_extra;	     /* more arguments for QEMU, NULL-terminated */
	char **c_command;    /* CMD ARGS, or NULL */
};

/* --- pc64.c -------------------------------------------------------------------- */

void *grow_list(void *list, const void *item); /* of pointers */
const struct tier *tier_find(const char *name);

/* --- cmdline.c ------------------------------------------------------------------ */

/* The kernel's command line; the caller frees it. */
char *cmdline_make(const struct config *c);
/* The same as words of a GRUB script. */
char *cmdline_make_grub(const struct config *c);

/* --- image.c -------------------------------------------------------------------- */

/* The path of the tier's image, made if it is missing or older than its parts. */
char *image_get(const struct config *c);

/* --- machine.c: one QEMU ---------------------------------------------------------- */

struct machine {
	pid_t m_pid;	  /* 0: does not run */
	int m_serial;	  /* the console, both ways */
	int m_debug;	  /* port 0xe9 */
	int m_monitor;	  /* QMP */
	int m_errors;	  /* QEMU's standard error */
	bool m_ready;	  /* the kernel reads its console */
	bool m_firmware;  /* what comes is still the firmware's and GRUB's */
	size_t m_matched; /* bytes of GRUB_MARK seen */
	bool m_dead;	  /* the console ended */
	bool m_killed;	  /* by us */
	int m_status;	  /* last byte of port 0xe9, or -1 */
	char m_error[512];
	size_t m_error_len;
};

enum ending {
	END_STATUS, /* the kernel ended with the program's status */
	END_PANIC,
	END_HANG,
	END_LOST /* QEMU failed, or the machine ended without a word */
};

/* Start it; a failure shows in machine_wait. */
void machine_start(struct machine *m, const struct config *c);
/*
 * Wait up to ms (-1: forever) for the machine or one of n other descriptors;
 * with write also until the console takes input.  Side channels are served
 * inside.  False if a signal came.
 */
bool machine_poll(
    struct machine *m, struct pollfd *other, size_t n, bool write, int ms);
/* Bytes of the console, 0 if there are none now; m_dead at the end. */
size_t machine_read(struct machine *m, char *buf, size_t size);
/* Bytes that the console took. */
size_t machine_write(struct machine *m, const char *buf, size_t len);
/* Ask the kernel for a hang report. */
void machine_nmi(struct machine *m);
/* Any context, also a signal handler. */
void machine_kill(struct machine *m);
/* After m_dead or machine_kill: how it ended, and *statusp for END_STATUS. */
enum ending machine_wait(struct machine *m, int *statusp);

/* --- console.c, serve.c ------------------------------------------------------------ */

int64_t now_ms(void);
/* Run one machine between our terminal and QEMU; our exit status. */
int console_run(const struct config *c);
/* Answer on c_serve until we are told to end; our exit status. */
int serve_run(const struct config *c);

#endif
