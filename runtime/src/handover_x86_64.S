/* SPDX-License-Identifier: MIT */

/*
 * The two probed functions. Linux 6.18 turns the 5-byte nop at the entry into a call, 1.3 to 1.5
 * times cheaper than a breakpoint. That call pushes 8 bytes below the stack pointer, so it may
 * stand at a function's entry only, where no red zone is in use.
 *
 * It must be 0f 1f 44 00 00 and an instruction, not .byte: data has no line in the debug information,
 * and by the file of ltr__handover readers tell which sources are the runtime's.
 */

	.text
	.p2align 4
	.globl ltr__handover
	.hidden ltr__handover
	.type ltr__handover, @function
ltr__handover:
	.cfi_startproc
	{disp8} nopl 0(%rax, %rax, 1)
	.if . - ltr__handover != 5
	.error "the nop must have 5 bytes"
	.endif
	ret
	.cfi_endproc
	.size ltr__handover, . - ltr__handover

	.p2align 4
	.globl ltr__want_stacks
	.hidden ltr__want_stacks
	.type ltr__want_stacks, @function
ltr__want_stacks:
	.cfi_startproc
	{disp8} nopl 0(%rax, %rax, 1)
	.if . - ltr__want_stacks != 5
	.error "the nop must have 5 bytes"
	.endif
	ret
	.cfi_endproc
	.size ltr__want_stacks, . - ltr__want_stacks

	.section .note.GNU-stack, "", @progbits
