/* SPDX-License-Identifier: MIT */

/*
 * x0 save_sp, x1 next_sp, x2 thread; see arch_aarch64.h. The lower halves of v8 to v15 belong to the
 * caller (AAPCS64, 6.1.2). The switch returns by an indirect branch: a `ret` would be predicted to
 * go where the last call came from, and it never does.
 *
 * stlr: who finds the address in *save_sp from outside finds the registers there, too (layout.h,
 * "Unwinding"; inside, a lock that is released later orders them).
 */

	.text
	.p2align 4
	.globl ltr__switch
	.hidden ltr__switch
	.type ltr__switch, %function
ltr__switch:
	.cfi_startproc
	stp x29, x30, [sp, #-160]!
	.cfi_adjust_cfa_offset 160
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	stp d8, d9, [sp, #96]
	stp d10, d11, [sp, #112]
	stp d12, d13, [sp, #128]
	stp d14, d15, [sp, #144]
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	.cfi_rel_offset x19, 16
	.cfi_rel_offset x20, 24
	.cfi_rel_offset x21, 32
	.cfi_rel_offset x22, 40
	.cfi_rel_offset x23, 48
	.cfi_rel_offset x24, 56
	.cfi_rel_offset x25, 64
	.cfi_rel_offset x26, 72
	.cfi_rel_offset x27, 80
	.cfi_rel_offset x28, 88
	.cfi_rel_offset d8, 96
	.cfi_rel_offset d9, 104
	.cfi_rel_offset d10, 112
	.cfi_rel_offset d11, 120
	.cfi_rel_offset d12, 128
	.cfi_rel_offset d13, 136
	.cfi_rel_offset d14, 144
	.cfi_rel_offset d15, 152
	mov x9, sp
	stlr x9, [x0]
	mov sp, x1
	mov x0, x2
	ldp x19, x20, [sp, #16]
	ldp x21, x22, [sp, #32]
	ldp x23, x24, [sp, #48]
	ldp x25, x26, [sp, #64]
	ldp x27, x28, [sp, #80]
	ldp d8, d9, [sp, #96]
	ldp d10, d11, [sp, #112]
	ldp d12, d13, [sp, #128]
	ldp d14, d15, [sp, #144]
	ldp x29, x30, [sp], #160
	.cfi_restore x19
	.cfi_restore x20
	.cfi_restore x21
	.cfi_restore x22
	.cfi_restore x23
	.cfi_restore x24
	.cfi_restore x25
	.cfi_restore x26
	.cfi_restore x27
	.cfi_restore x28
	.cfi_restore d8
	.cfi_restore d9
	.cfi_restore d10
	.cfi_restore d11
	.cfi_restore d12
	.cfi_restore d13
	.cfi_restore d14
	.cfi_restore d15
	.cfi_restore x29
	.cfi_restore x30
	.cfi_adjust_cfa_offset -160
	br x30
	.cfi_endproc
	.size ltr__switch, . - ltr__switch

/*
 * The bottom of every goroutine's stack, reached from ltr__switch() with the thread in x0. The zero
 * frame pointer and the undefined return address end every unwinder's walk here.
 */
	.p2align 4
	.globl ltr__trampoline
	.hidden ltr__trampoline
	.type ltr__trampoline, %function
ltr__trampoline:
	.cfi_startproc
	.cfi_undefined x30
	mov x29, xzr
	bl ltr__goroutine_main
	brk #1
	.cfi_endproc
	.size ltr__trampoline, . - ltr__trampoline

	.section .note.GNU-stack, "", %progbits
