/* SPDX-License-Identifier: MIT */

/*
 * The two probed functions. A uprobe replaces their first instruction, the nop, which the kernel
 * need not execute out of line. There is no red zone on this processor.
 */

	.text
	.p2align 4
	.globl ltr__handover
	.hidden ltr__handover
	.type ltr__handover, %function
ltr__handover:
	.cfi_startproc
	nop
	ret
	.cfi_endproc
	.size ltr__handover, . - ltr__handover

	.p2align 4
	.globl ltr__want_stacks
	.hidden ltr__want_stacks
	.type ltr__want_stacks, %function
ltr__want_stacks:
	.cfi_startproc
	nop
	ret
	.cfi_endproc
	.size ltr__want_stacks, . - ltr__want_stacks

	.section .note.GNU-stack, "", %progbits
