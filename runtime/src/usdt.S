/* SPDX-License-Identifier: MIT */

/*
 * The USDT probes: functions that do nothing, each with a note for tracers ("stapsdt" version 3, what
 * SystemTap's <sys/sdt.h> writes): the address of the nop, the semaphore, provider, name, and where
 * the arguments are ("8@%rdi": 8 unsigned bytes in that register).
 *
 * Functions, not nops inside of ltr__emit(): see handover_x86_64.S, which also says why the nop is
 * written so. _.stapsdt.base lets tracers see whether the file's addresses were moved after linking;
 * a program that has probes of its own shares it with us.
 */

#ifdef __x86_64__
#define ARGUMENTS_1 "8@%rdi"
#define ARGUMENTS_2 "8@%rdi 8@%rsi"
#define ARGUMENTS_4 "8@%rdi 8@%rsi 8@%rdx 8@%rcx"
#define NOP         {disp8} nopl 0(%rax, %rax, 1)
#define NOP_BYTES   5
#else
#define ARGUMENTS_1 "8@x0"
#define ARGUMENTS_2 "8@x0 8@x1"
#define ARGUMENTS_4 "8@x0 8@x1 8@x2 8@x3"
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
	.asciz \arguments
4:	.balign 4
	.endm

	probe create, ARGUMENTS_4
	probe start, ARGUMENTS_2
	probe park, ARGUMENTS_4
	probe ready, ARGUMENTS_2
	probe yield, ARGUMENTS_1
	probe exit, ARGUMENTS_1

	.section .stapsdt.base, "aGR", %progbits, .stapsdt.base, comdat
	.weak _.stapsdt.base
	.hidden _.stapsdt.base
_.stapsdt.base:
	.space 1
	.size _.stapsdt.base, 1

	.section .note.GNU-stack, "", %progbits
