/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stand-in for the PC's kernel, for tests of what surrounds it: a multiboot
 * kernel that does what the words of its command line behind "--" say, one
 * after the other.
 *
 *	show	print the command line and the names of the modules
 *	ready	tell that the console is read
 *	echo	print input up to ^D
 *	exitN	end with status N
 *	wellN	the same with class "well", whatever N is
 *	panic	end as the kernel does after a panic
 *	hang	do nothing, deaf to an NMI
 *	nmi	do nothing; an NMI prints a line and ends with class "hang"
 *	reset	a triple fault
 *	quit	end with a class that does not exist
 */
#include <stdint.h>

struct multiboot {
	uint32_t flags, mem_lower, mem_upper, boot_device;
	char *cmdline;
	uint32_t nmodules;
	struct {
		uint32_t start, end;
		char *name;
		uint32_t reserved;
	} * modules;
};

struct gate {
	uint16_t low, selector, type, high;
};

static struct gate idt[3];

__asm__(".section .multiboot, \"a\"\n"
	"	.align 4\n"
	"	.long 0x1badb002, 3, -(0x1badb002 + 3)\n"
	".bss\n"
	"	.align 16\n"
	"stack:	.skip 16384\n"
	".text\n"
	".globl start\n"
	"start:	mov $stack + 16384, %esp\n"
	"	push %ebx\n"
	"	call run\n"
	"1:	hlt\n"
	"	jmp 1b\n");

static inline void
outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static inline void
outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

static inline uint8_t
inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return (v);
}

static void
put(char c)
{
	while ((inb(0x3fd) & 0x20) == 0)
		;
	outb(0x3f8, (uint8_t)c);
}

static void
print(const char *s)
{
	while (*s != '\0')
		put(*s++);
}

static void
leave(uint32_t class, int status)
{
	while ((inb(0x3fd) & 0x40) == 0)
		; /* until the line has sent everything */
	if (status >= 0)
		outb(0xe9, (uint8_t)status);
	outl(0xf4, class);
}

static __attribute__((used)) void
on_nmi(void)
{
	print("standin: a report\n");
	leave(0x13, 0);
}

static void
take_nmi(void)
{
	volatile uint32_t *apic = (volatile uint32_t *)0xfee00000;
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) idtr = {sizeof(idt) - 1, (uint32_t)idt};
	uint32_t handler = (uint32_t)on_nmi;
	uint16_t cs;

	__asm__("mov %%cs, %0" : "=r"(cs));
	idt[2] = (struct gate){
	    (uint16_t)handler, cs, 0x8e00, (uint16_t)(handler >> 16)};
	__asm__ volatile("lidt %0" ::"m"(idtr));
	apic[0xf0 / 4] = 0x1ff;	 /* enabled */
	apic[0x360 / 4] = 0x400; /* LINT1: NMI */
}

static void
reset(void)
{
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) none = {0, 0};

	__asm__ volatile("lidt %0; int3" ::"m"(none));
}

static void
echo(void)
{
	uint8_t c;

	do {
		while ((inb(0x3fd) & 1) == 0)
			;
		if ((c = inb(0x3f8)) != 4)
			put((char)c);
	} while (c != 4);
}

static void
show(const struct multiboot *mb)
{
	print(mb->cmdline);
	print("\n");
	for (uint32_t i = 0; i < mb->nmodules; i++) {
		print(mb->modules[i].name);
		print("\n");
	}
}

/* Does the word begin with name?  What follows then, as a number, or -1. */
static int
is(const char *word, const char *name, int *np)
{
	while (*name != '\0')
		if (*word++ != *name++)
			return (0);
	*np = -1;
	while (*word >= '0' && *word <= '9')
		*np = (*np < 0 ? 0 : *np) * 10 + *word++ - '0';
	return (*word == ' ' || *word == '\0');
}

static void
act(const char *word, const struct multiboot *mb)
{
	int n;

	if (is(word, "show", &n))
		show(mb);
	else if (is(word, "ready", &n))
		outb(0xe9, 0x11);
	else if (is(word, "echo", &n))
		echo();
	else if (is(word, "exit", &n))
		leave(n == 0 ? 0x10 : 0x11, n);
	else if (is(word, "well", &n))
		leave(0x10, n);
	else if (is(word, "panic", &n))
		leave(0x12, -1);
	else if (is(word, "quit", &n))
		leave(0x77, -1);
	else if (is(word, "reset", &n))
		reset();
	else if (is(word, "nmi", &n))
		take_nmi();
	if (is(word, "nmi", &n) || is(word, "hang", &n))
		for (;;)
			__asm__ volatile("pause");
}

__attribute__((used)) void
run(const struct multiboot *mb)
{
	const char *p = mb->cmdline;

	while (*p != '\0' && !(p[0] == '-' && p[1] == '-' && p[2] == ' '))
		p++;
	while (*p != '\0') {
		while (*p != '\0' && *p != ' ')
			p++;
		while (*p == ' ')
			p++;
		act(p, mb);
	}
}
