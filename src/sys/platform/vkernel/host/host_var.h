/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host files share among themselves. */
#ifndef HOST_VAR_H
#define HOST_VAR_H

#include <pthread.h>
#include "host.h"

extern int host_ram_fd;
extern int host_kshm_fd; /* read-only, for stubs */
extern bool host_repeatable;
extern pthread_t host_main_thread;

/* One line to stderr, exit status 2. */
void host_fail(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/*
 * Make the shared segment: max bytes, mapped at direct and over its linked part;
 * in the file path, or in one without a name.
 */
void host_kshm_make(const char *path, void *direct, uint64_t max);
/* The option kshm.name of a kernel command line, for the file's name. */
void host_kshm_name(const char *option);

/* --template: host_template.c. */
void host_template_set(const char *spec);
bool host_template_on(void);
/* A template's console output is kept (true); at its end it is told. */
bool host_template_keep(const void *buf, size_t len);
void host_template_ends(void);

/*
 * In a machine that a template has made: read the words of its command; files of
 * its own for its memory; be the parent of its stubs; a thread that takes signals.
 */
void host_options_again(int argc, char **argv, struct host_boot *hb);
void host_memory_again(void);
void host_kshm_again(const char *path);
void host_stubs_again(void);
void host_main_again(void);

void host_stubs_init(void);
void host_stubs_reap(void);
void host_stubs_spawn_pending(void);
void host_stubs_kill_all(void);
void host_console_restore(void);
void host_console_winch(void);
void host_initramfs_open(const char *path);
void host_initramfs_close(void);
void host_initramfs_check(void);
void host_share_set(const char *spec);
void host_init_args_set(char **argv);

#endif
