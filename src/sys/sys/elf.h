/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF-64, little endian, as far as running a program needs it.  From the System
 * V gABI, chapters 4 and 5.
 */
#ifndef SYS_ELF_H
#define SYS_ELF_H

#include <sys/types.h>

/*
 *	off size
 *	 0   16  e_ident: 7f 'E' 'L' 'F', class, data, version, OSABI, 0...
 *	16    2  type	18 2 machine	20 4 version	24 8 entry
 *	32    8  phoff	40 8 shoff	48 4 flags	52 2 ehsize
 *	54    2  phentsize	56 2 phnum	58 6 section header facts
 */
typedef struct {
	uint8_t e_ident[16];
	uint16_t e_type, e_machine;
	uint32_t e_version;
	uint64_t e_entry, e_phoff, e_shoff;
	uint32_t e_flags;
	uint16_t e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum,
	    e_shstrndx;
} Elf64_Ehdr;
CTASSERT(sizeof(Elf64_Ehdr) == 64);

typedef struct {
	uint32_t p_type, p_flags;
	uint64_t p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
} Elf64_Phdr;
CTASSERT(sizeof(Elf64_Phdr) == 56);

typedef struct {
	uint32_t n_namesz, n_descsz, n_type; /* then name, desc; 4-aligned */
} Elf64_Nhdr;

#define ELFMAG	     "\177ELF"
#define EI_CLASS     4
#define EI_DATA	     5
#define EI_VERSION   6
#define ELFCLASS64   2
#define ELFDATA2LSB  1
#define ET_EXEC	     2
#define ET_DYN	     3
#define EM_X86_64    62
#define PT_LOAD	     1
#define PT_INTERP    3
#define PT_NOTE	     4
#define PT_PHDR	     6
#define PT_GNU_STACK 0x6474e551
#define PF_X	     1
#define PF_W	     2
#define PF_R	     4

/* Our brand: a note of this name and type; desc is a version word. */
#define MAYFLY_NOTE_NAME "Mayfly"
#define MAYFLY_NOTE_ABI	 1

#define AT_NULL		0
#define AT_PHDR		3
#define AT_PHENT	4
#define AT_PHNUM	5
#define AT_PAGESZ	6
#define AT_BASE		7
#define AT_FLAGS	8
#define AT_ENTRY	9
#define AT_UID		11
#define AT_EUID		12
#define AT_GID		13
#define AT_EGID		14
#define AT_PLATFORM	15
#define AT_HWCAP	16
#define AT_CLKTCK	17
#define AT_SECURE	23
#define AT_RANDOM	25
#define AT_HWCAP2	26
#define AT_EXECFN	31
#define AT_SYSINFO_EHDR 33
#define AT_MINSIGSTKSZ	51

#endif
