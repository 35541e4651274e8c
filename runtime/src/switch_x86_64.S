/* SPDX-License-Identifier: MIT */

/*
 * The bottom of every goroutine's stack. The zero frame pointer and the undefined return address
 * end every unwinder's walk here.
 */
	.text
	.p2align 4
	.globl ltr__trampoline
	.hidden ltr__trampoline
	.type ltr__trampoline, @function
ltr__trampoline:
	.cfi_startproc
	.cfi_undefined %rip
	xorl %ebp, %ebp
	movq %rax, %rdi
	call ltr__goroutine_main
	ud2
	.cfi_endproc
	.size ltr__trampoline, . - ltr__trampoline

	.section .note.GNU-stack, "", @progbits
