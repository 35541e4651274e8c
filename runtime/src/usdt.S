/* SPDX-License-Identifier: MIT */

/*
 * The USDT probes: functions that do nothing, each with a note for tracers ("stapsdt" version 3, what
 * SystemTap's <sys/sdt.h> writes): the address of the nop, the semaphore, provider, name, and where
 * the arguments are ("8@%rdi": 8 unsigned bytes in that register), those of ltr__usdt_probe (usdt.h).
 *
 * Functions, not nops inside of ltr__emit(): see handover_x86_64.S, which also says why the nop is
 * written so. _.stapsdt.base lets tracers see whether the file's addresses were moved after linking;
 * a program that has probes of its own shares it with us.
 */

#ifdef __x86_64__
#define ID          "8@%rdi"
#define ARG         "8@%rsi"
#define REASON      "8@%rdx"
#define REASON_NAME "8@%rcx"
#define ENTRY       "8@%r8"
#define CREATION_PC "8@%r9"
#define NOP         {disp8} nopl 0(%rax, %rax, 1)
#define NOP_BYTES   5
#else
#define ID          "8@x0"
#define ARG         "8@x1"
#define REASON      "8@x2"
#define REASON_NAME "8@x3"
#define ENTRY       "8@x4"
#define CREATION_PC "8@x5"
#define NOP         nop
#define NOP_BYTES   4
#endif

	.hidden ltr__watch /* begins with events_kernel (layout.h) */

	.macro probe name, arguments:vararg
	.text
	.p2align 4
	.globl ltr__usdt_\name
	.hidden ltr__usdt_\name
	.type ltr__usdt_\name, %function
ltr__usdt_\name:
	.cfi_startproc
	NOP
	.if . - ltr__usdt_\name != NOP_BYTES
	.error "the nop must be one that the kernel knows"
	.endif
	ret
	.cfi_endproc
	.size ltr__usdt_\name, . - ltr__usdt_\name

	.section .note.stapsdt, "", %note
	.balign 4
	.4byte 2f - 1f, 4f - 3f, 3
1:	.asciz "stapsdt"
2:	.balign 4
3:	.8byte ltr__usdt_\name, _.stapsdt.base, ltr__watch
	.asciz "loiter"
	.asciz "\name"
	.ascii \arguments
	.byte 0
4:	.balign 4
	.endm

	probe create, ID, " ", ARG, " ", ENTRY, " ", CREATION_PC
	probe start, ID, " ", ARG
	probe park, ID, " ", REASON, " ", ARG, " ", REASON_NAME
	probe ready, ID, " ", ARG
	probe yield, ID
	probe exit, ID

	.section .stapsdt.base, "aGR", %progbits, .stapsdt.base, comdat
	.weak _.stapsdt.base
	.hidden _.stapsdt.base
_.stapsdt.base:
	.space 1
	.size _.stapsdt.base, 1

	.section .note.GNU-stack, "", %progbits
