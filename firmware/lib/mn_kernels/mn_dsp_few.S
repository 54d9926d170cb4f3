/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_few(mn_dsp_few_job *job): see mn_dsp_few.h for the job.
 *
 * r0 pairs, less 4 bytes   r1 y   r2 r3 weights of A and B   r4 r5 inputs   r6-r9 A of four pixels   r10-r12 lr B
 *
 * The frame begins with the widened inputs, eight groups of four channels. Fewer lie at its end: the last step is
 * always at the same place. It takes the biases, then the code of the steps is entered where the first one is. No
 * instruction of the products changes the carry: it says whether the requantization is the general one. What runs
 * again and again is kept below 1 KB, so that it stays in the cache of an STM32's flash.
 */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_finish.h"

    .syntax unified
    .thumb

    /* The job: */
    .equ X, 0
    .equ Y, 4
    .equ PAIRS, 8
    .equ END, 12
    .equ X_STEP, 16
    .equ X_QUAD, 20
    .equ Y_STEP, 24
    .equ Y_QUAD, 28
    .equ GROUPS, 32
    .equ QUADS, 36
    .equ GENERAL, 40
    /* The frame, behind the inputs: */
    .equ LAST_STEP, 240
    .equ ENTRY, 256
    .equ STEP, 260
    .equ PAIRS_END, 264 /* less 4 bytes */
    .equ JOB, 268
    .equ FRAME, 276
    .equ SHIFT, 12      /* MN_FEW_SHIFT */
    .equ GROUP_CODE, 90

    .macro step w, x, size, move
    ldr.n   r2, [r0, #\w]
    ldr\size  r3, [r0, #\w + 4]\move
    ldr.n   r4, [sp, #\x]
    ldr.n   r5, [sp, #\x + 4]
    smlad   r6, r4, r2, r6
    smlad   r10, r4, r3, r10
    smlad   r7, r5, r2, r7
    smlad   r11, r5, r3, r11
    ldr.n   r4, [sp, #\x + 8]
    ldr.n   r5, [sp, #\x + 12]
    smlad   r8, r4, r2, r8
    smlad   r12, r4, r3, r12
    smlad   r9, r5, r2, r9
    smlad   lr, r5, r3, lr
    .endm

    .macro group x
    step    4, \x, .n
    step    12, \x + 16, .w, !
    .endm


    /* No address is computed right before its use. */
    .macro store
    ldr     r2, [sp, #STEP]
    ldr     r3, [sp, #PAIRS_END]
    add     r4, r1, r2
    strb    r6, [r1]
    strb    r10, [r1, #1]
    add     r5, r4, r2
    strb    r7, [r4]
    strb    r11, [r4, #1]
    add     r4, r5, r2
    strb    r8, [r5]
    strb    r12, [r5, #1]
    add     r1, r1, #2
    strb    r9, [r4]
    strb    lr, [r4, #1]
    .endm

    .section .text.mn_dsp_few, "ax"
    .global mn_dsp_few
    .type mn_dsp_few, %function
    .thumb_func
    .align 5
mn_dsp_few:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    ldr     r1, [r0, #END]
    ldr     r2, [r0, #Y_STEP]
    ldr     r3, [r0, #GROUPS]
    subs    r1, r1, #4
    rsb     r3, r3, #8
    movs    r4, #GROUP_CODE
    adr     r5, steps
    mla     r4, r3, r4, r5
    orr     r4, r4, #1
    str     r4, [sp, #ENTRY]
    str     r2, [sp, #STEP]
    str     r1, [sp, #PAIRS_END]
    str     r0, [sp, #JOB]
next_quad:
    ldr     r4, [r0, #X]
    ldr     r2, [r0, #X_STEP]
    ldr     r3, [r0, #X_QUAD]
    ldr     r8, [r0, #GROUPS]
    adds    r5, r4, r2
    adds    r6, r5, r2
    adds    r7, r6, r2
    add     r3, r3, r4
    str     r3, [r0, #X]
    rsb     r9, r8, #8
    add     r9, sp, r9, lsl #5
    .align 2
1:  ldr     r0, [r4], #4
    ldr     r1, [r5], #4
    ldr     r2, [r6], #4
    ldr     r3, [r7], #4
    sxtb16  r10, r0
    sxtb16  r11, r1
    sxtb16  r12, r2
    sxtb16  lr, r3
    stmia   r9!, {r10-r12, lr}
    sxtb16  r10, r0, ror #8
    sxtb16  r11, r1, ror #8
    sxtb16  r12, r2, ror #8
    sxtb16  lr, r3, ror #8
    stmia   r9!, {r10-r12, lr}
    subs    r8, r8, #1
    bne     1b
    ldr     r2, [sp, #JOB]
    ldr     r0, [r2, #PAIRS]
    ldr     r1, [r2, #Y]
    ldr     r3, [r2, #Y_QUAD]
    ldr     r4, [r2, #GENERAL]
    subs    r0, r0, #4
    add     r3, r3, r1
    str     r3, [r2, #Y]
    cmp     r4, #1
    .align 2
next_pair:
    ldr     r9, [r0, #4]
    ldr     lr, [r0, #8]
    ldr     r2, [r0, #12]
    ldr     r3, [r0, #16]!
    ldr     r4, [sp, #LAST_STEP]
    ldr     r5, [sp, #LAST_STEP + 4]
    smlad   r6, r4, r2, r9
    smlad   r10, r4, r3, lr
    smlad   r7, r5, r2, r9
    smlad   r11, r5, r3, lr
    ldr     r4, [sp, #LAST_STEP + 8]
    ldr     r5, [sp, #LAST_STEP + 12]
    smlad   r8, r4, r2, r9
    smlad   r12, r4, r3, lr
    smlad   r9, r5, r2, r9
    smlad   lr, r5, r3, lr
    ldr     pc, [sp, #ENTRY]
    .align 2
steps:
    group   0
    .if . - steps - GROUP_CODE
    .error "a group's code has another length"
    .endif
    group   32
    group   64
    group   96
    group   128
    group   160
    group   192
    step    4, 224, .w, !
    bcs     general
    ldr     r2, [r0, #4]
    ldr     r3, [r0, #8]
    ldr     r4, [r0, #12]
    ldr     r5, [r0, #16]!
    smmla   r6, r6, r2, r3
    smmla   r7, r7, r2, r3
    smmla   r8, r8, r2, r3
    smmla   r9, r9, r2, r3
    smmla   r10, r10, r4, r5
    smmla   r11, r11, r4, r5
    smmla   r12, r12, r4, r5
    smmla   lr, lr, r4, r5
    ssat    r6, #8, r6, asr #SHIFT
    ssat    r7, #8, r7, asr #SHIFT
    ssat    r8, #8, r8, asr #SHIFT
    ssat    r9, #8, r9, asr #SHIFT
    ssat    r10, #8, r10, asr #SHIFT
    ssat    r11, #8, r11, asr #SHIFT
    ssat    r12, #8, r12, asr #SHIFT
    ssat    lr, #8, lr, asr #SHIFT
    store
    cmp     r0, r3 /* no carry before the end */
    bne     next_pair
quad_done:
    ldr     r0, [sp, #JOB]
    ldr     r1, [r0, #QUADS]
    subs    r1, r1, #1
    str     r1, [r0, #QUADS]
    bne     next_quad
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
general:
    ldr     r2, [r0, #4]
    ldr     r3, [r0, #8]
    ldr     r4, [r0, #12]
    finish  r6, r2, r3, r4, r5
    finish  r7, r2, r3, r4, r5
    finish  r8, r2, r3, r4, r5
    finish  r9, r2, r3, r4, r5
    ldr     r2, [r0, #16]
    ldr     r3, [r0, #20]
    ldr     r4, [r0, #24]!
    finish  r10, r2, r3, r4, r5
    finish  r11, r2, r3, r4, r5
    finish  r12, r2, r3, r4, r5
    finish  lr, r2, r3, r4, r5
    store
    cmp     r3, r0 /* a carry before the end */
    bne     next_pair
    b       quad_done
    .size mn_dsp_few, . - mn_dsp_few

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
