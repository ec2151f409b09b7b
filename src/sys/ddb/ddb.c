/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel debugger: a command table and a prompt.
 *
 * 1. Commands register through the linker set; a name may have two words
 *    ("show map").  A line is matched against the longest name; the rest is
 *    its argument.
 * 2. Printers read live structures without locks: they use ddb_read where a
 *    pointer comes from the user, and must not sleep.
 * 3. ddb_enter reads lines from the machine's console by polling
 *    (console_poll), so it works in a panic with the other CPUs stopped.
 */
#include <sys/systm.h>
#include <sys/boot.h>
#include <sys/console.h>
#include <sys/cpu.h>
#include <sys/ddb.h>

SET_DECLARE(ddb_commands, struct ddb_command);

extern struct thread_queue all_threads;

static bool leave; /* the console CPU only */

bool
ddb_number(const char **argp, uint64_t *valuep)
{
	const char *p = *argp;
	char word[24];
	size_t n = 0;

	while (*p == ' ')
		p++;
	while (p[n] != '\0' && p[n] != ' ' && n < sizeof(word) - 1)
		n++;
	memcpy(word, p, n);
	word[n] = '\0';
	if (kstrtou64(word, 0, valuep) != 0)
		return (false);
	*argp = p + n;
	return (true);
}

static const struct ddb_command *
find(const char *line, size_t *lenp)
{
	const struct ddb_command *dc, *best = NULL;
	size_t n;

	*lenp = 0;
	SET_FOREACH(dc, ddb_commands) {
		n = strlen(dc->dc_name);
		if (n > *lenp && strncmp(line, dc->dc_name, n) == 0 &&
		    (line[n] == '\0' || line[n] == ' ')) {
			best = dc;
			*lenp = n;
		}
	}
	return (best);
}

void
ddb_run(const char *line)
{
	const struct ddb_command *dc;
	size_t n;

	while (*line == ' ')
		line++;
	if (*line == '\0')
		return;
	if ((dc = find(line, &n)) == NULL) {
		kprintf("no command \"%s\"; try help\n", line);
		return;
	}
	line += n;
	while (*line == ' ')
		line++;
	dc->dc_func(line);
}

/* A line without its newline; false at the end of input. */
static bool
read_line(char *buf, size_t size)
{
	size_t n = 0;
	int c;

	for (;;) {
		if ((c = console_poll()) < 0)
			return (false);
		if (c == '\r' || c == '\n') {
			kprintf("\n");
			buf[n] = '\0';
			return (true);
		}
		if ((c == 0x7f || c == '\b') && n > 0) {
			n--;
			kprintf("\b \b");
		} else if (c >= ' ' && c < 0x7f && n < size - 1) {
			buf[n++] = (char)c;
			kprintf("%c", c);
		}
	}
}

void
ddb_enter(const char *why)
{
	char line[128];

	kprintf(
	    "\nddb: %s on cpu %d; \"continue\" leaves\n", why, curcpu->c_id);
	for (leave = false; !leave;) {
		kprintf("ddb> ");
		if (!read_line(line, sizeof(line)))
			break;
		ddb_run(line);
	}
}

static void
cmd_continue(const char *arg __unused)
{
	leave = true;
}
DDB_COMMAND(continue, "continue", cmd_continue, "leave the debugger");

static void
cmd_help(const char *arg __unused)
{
	const struct ddb_command *dc;

	SET_FOREACH(dc, ddb_commands)
		kprintf("%-16s %s\n", dc->dc_name, dc->dc_help);
}
DDB_COMMAND(help, "help", cmd_help, "this list");

static void
cmd_reboot(const char *arg __unused)
{
	machine_halt(RB_HALT, EXIT_PANIC);
}
DDB_COMMAND(reboot, "reboot", cmd_reboot, "leave the machine at once");

/* trace [THREAD]: by address as "show threads" prints it. */
static void
cmd_trace(const char *arg)
{
	struct thread *td = curthread;
	uint64_t addr;

	if (ddb_number(&arg, &addr))
		TAILQ_FOREACH(td, &all_threads, td_all)
			if ((uintptr_t)td == addr)
				break;
	if (td != NULL)
		thread_backtrace(td);
	else
		kprintf("trace [THREAD]: %#lx is none\n", addr);
}
DDB_COMMAND(trace, "trace", cmd_trace, "stack of a thread (address)");

/* x ADDRESS [WORDS] */
static void
cmd_examine(const char *arg)
{
	uint64_t addr, count = 8, word;

	if (!ddb_number(&arg, &addr)) {
		kprintf("x ADDRESS [WORDS]\n");
		return;
	}
	(void)ddb_number(&arg, &count);
	for (uint64_t i = 0; i < count; i++, addr += 8) {
		if (!ddb_read((void *)addr, &word, sizeof(word))) {
			kprintf("%#lx: not mapped\n", addr);
			return;
		}
		kprintf("%#lx: %#018lx\n", addr, word);
	}
}
DDB_COMMAND(examine, "x", cmd_examine, "memory words at an address");

static void
cmd_symbol(const char *arg)
{
	char name[128];
	uint64_t addr;

	if (ddb_number(&arg, &addr) && machine_symbol(addr, name, sizeof(name)))
		kprintf("%#lx %s\n", addr, name);
	else
		kprintf("symbol ADDRESS: unknown\n");
}
DDB_COMMAND(symbol, "symbol", cmd_symbol, "name of a code address");
