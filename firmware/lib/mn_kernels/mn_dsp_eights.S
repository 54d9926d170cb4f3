/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_eights(mn_dsp_eights_job *job): see mn_dsp_dense.h for the job, mn_dsp.h for the arithmetic.
 *
 * r0 x   r1 weights, one stream   r2 r4 r6 r8 S of four pairs (channel A)   r3 r5 r7 r9 R of the same (256 B + A)
 * r10 r11 inputs   r12 lr weights as they are, then unpacked in place
 *
 * Single loads stand side by side: the second of two neighbours takes one cycle on a Cortex-M4. The loop takes 540
 * bytes, so that it stays in the cache of an STM32's flash with the rest of a block.
 */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_finish.h"

    .syntax unified
    .thumb

    /* The frame begins with a copy of the job. */
    .equ X, 0
    .equ BIAS, 8
    .equ Y, 12
    .equ BLOCKS, 16
    .equ SEGMENTS, 20
    .equ SEGMENT_BYTES, 24
    .equ MULTIPLIER, 28
    .equ CODE, 32
    .equ SHIFT, 36
    .equ JOB, 40
    .equ ENTRY, 44
    .equ END, 48
    .equ SLOW, 52
    .equ LEFT, 56
    .equ CARRY, 60
    .equ BIAS_B, 76
    .equ FRAME, 92
    .equ JOB_SUMS, 40
    .equ LOG2_GROUP_CODE, 7

    /* A pair of rows: eight products in six instructions. */
    .macro pair s, r
    smlad   \r, r10, r12, \r
    sxtb16  r12, r12
    smlad   \s, r10, r12, \s
    smlad   \r, r11, lr, \r
    sxtb16  lr, lr
    smlad   \s, r11, lr, \s
    .endm

    .macro group
    ldr     r11, [r0], #4
    ldr     r12, [r1], #8
    ldr     lr, [r1, #-4]
    sxtb16  r10, r11
    sxtb16  r11, r11, ror #8
    pair    r2, r3
    ldmia   r1!, {r12, lr}
    pair    r4, r5
    ldmia   r1!, {r12, lr}
    pair    r6, r7
    ldmia   r1!, {r12, lr}
    pair    r8, r9
    .endm

    .macro store_at acc, at
    .ifc \at, 6
    lsl     \acc, \acc, #1
    .else
    .ifc \at, 7
    lsl     \acc, \acc, #1
    .else
    lsls    \acc, \acc, #1
    .endif
    .endif
    finish  \acc, r10, r11, r12, lr
    strb    \acc, [r0, #\at]
    .endm

    .section .text.mn_dsp_eights, "ax"
    .global mn_dsp_eights
    .type mn_dsp_eights, %function
    .thumb_func
    .align 3
mn_dsp_eights:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    mov     r11, r0
    ldmia   r0, {r1-r10}
    stmia   sp, {r1-r11}
    add     r8, r1, r7 /* the first segment's end */
    rsb     r9, r7, #0
    and     r9, r9, #12 /* four bytes for each of the loop's groups that the first turn leaves out */
    adr     r10, four_groups
    add     r9, r10, r9, lsl #LOG2_GROUP_CODE - 2
    orr     r9, r9, #1
    sub     r10, r6, #1
    cmp     r4, #0
    it      eq
    moveq   r10, #1
    mov     r3, r6
    movs    r4, #0
    movs    r5, #0
    movs    r6, #0
    movs    r7, #0
    add     r12, sp, #ENTRY
    stmia   r12!, {r9}
    stmia   r12!, {r8, r10}
    stmia   r12, {r3-r7}
    mov     r1, r2

next_block:
    ldr     r10, [sp, #BIAS]
    ldr     r0, [sp, #X]
    ldmia   r10!, {r2-r9} /* A and B by turns */
    str     r3, [sp, #BIAS_B]
    str     r5, [sp, #BIAS_B + 4]
    str     r7, [sp, #BIAS_B + 8]
    str     r9, [sp, #BIAS_B + 12]
    str     r10, [sp, #BIAS]
    mov     r3, r2
    mov     r5, r4
    mov     r7, r6
    mov     r9, r8
    ldr     pc, [sp, #ENTRY]
    .align 3
four_groups:
    group
    .if . - four_groups - (1 << LOG2_GROUP_CODE)
    .error "a group's code has another length"
    .endif
    group
    group
    group
    ldr     r10, [sp, #END]
    cmp     r0, r10
    bne     four_groups
    ldr     r10, [sp, #SLOW]
    sub     r3, r3, r2
    sub     r5, r5, r4
    sub     r7, r7, r6
    sub     r9, r9, r8
    cmp     r10, #0
    bne     slow
    ldr     r10, [sp, #BIAS_B]
    ldr     r11, [sp, #BIAS_B + 4]
    ldr     r12, [sp, #BIAS_B + 8]
    ldr     lr, [sp, #BIAS_B + 12]
    add     r3, r10, r3, asr #8
    add     r5, r11, r5, asr #8
    add     r7, r12, r7, asr #8
    add     r9, lr, r9, asr #8
    ldr     r0, [sp, #Y]
fast:
    ldr     r10, [sp, #MULTIPLIER]
    ldr     r11, [sp, #CODE]
    ldr     r12, [sp, #SHIFT]
    store_at r2, 0
    store_at r3, 1
    store_at r4, 2
    store_at r5, 3
    store_at r6, 4
    store_at r7, 5
    store_at r8, 6
    store_at r9, 7
    ldr     r2, [sp, #BLOCKS]
    adds    r0, r0, #8
    subs    r2, r2, #1
    str     r0, [sp, #Y]
    str     r2, [sp, #BLOCKS]
    bne     next_block
leave:
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}

    /* Several segments, or sums to be left as they are: B's sums are carried from segment to segment. */
slow:
    add     r10, sp, #CARRY
    ldr     r11, [r10]
    ldr     r12, [r10, #4]
    add     r3, r11, r3, asr #8
    add     r5, r12, r5, asr #8
    ldr     r11, [r10, #8]
    ldr     r12, [r10, #12]
    add     r7, r11, r7, asr #8
    add     r9, r12, r9, asr #8
    ldr     r11, [sp, #LEFT]
    subs    r11, r11, #1
    str     r11, [sp, #LEFT]
    beq     last_segment
    str     r3, [r10]
    str     r5, [r10, #4]
    str     r7, [r10, #8]
    str     r9, [r10, #12]
    ldr     r11, [sp, #SEGMENT_BYTES]
    mov     r3, r2
    mov     r5, r4
    mov     r7, r6
    mov     r9, r8
    add     r11, r11, r0
    str     r11, [sp, #END]
    ldr     pc, [sp, #ENTRY]
last_segment: /* and as before the first one */
    ldr     r12, [sp, #X]
    ldr     lr, [sp, #SEGMENT_BYTES]
    str     r11, [r10]
    str     r11, [r10, #4]
    str     r11, [r10, #8]
    str     r11, [r10, #12]
    ldr     r11, [sp, #SEGMENTS]
    add     r12, r12, lr
    str     r11, [sp, #LEFT]
    str     r12, [sp, #END]
    ldr     r10, [sp, #BIAS_B]
    ldr     r11, [sp, #BIAS_B + 4]
    ldr     r12, [sp, #BIAS_B + 8]
    ldr     lr, [sp, #BIAS_B + 12]
    add     r3, r3, r10
    add     r5, r5, r11
    add     r7, r7, r12
    add     r9, r9, lr
    ldr     r0, [sp, #Y]
    cmp     r0, #0
    bne     fast
    ldr     r0, [sp, #JOB]
    adds    r0, r0, #JOB_SUMS
    stmia   r0, {r2-r9}
    b       leave
    .size mn_dsp_eights, . - mn_dsp_eights

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
