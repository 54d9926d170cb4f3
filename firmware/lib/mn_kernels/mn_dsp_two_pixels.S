/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_two_pixels(mn_dsp_job *job): see mn_dsp.h for the arithmetic and the job's fields.
 *
 * r0 x        r1 weights   r2 groups left
 * r3 r4 S of pixel 0 and 1 (channel A)    r5 r6 R of pixel 0 and 1 (256 B + A)
 * r7-r10 x words   r11 r12 weight words   lr unpacked weights
 */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_finish.h"

    .syntax unified
    .thumb

    .equ JOB_X, 0
    .equ JOB_WEIGHTS, 4
    .equ JOB_CHANNEL, 8
    .equ JOB_Y, 12
    .equ JOB_GROUPS, 20
    .equ JOB_SEGMENTS, 24
    .equ JOB_PAIRS, 28
    .equ JOB_ZERO_CODE, 32
    .equ JOB_EXACT, 36

    /* The frame: the four accumulators for the slow path, what it carries, and the job. */
    .equ ACC, 0
    .equ CARRY, 16
    .equ SEGMENTS_LEFT, 24
    .equ SLOW, 28
    .equ JOB, 32
    .equ SAVED_WEIGHTS, 36
    .equ FRAME, 40

    /* Four terms of two channels of two pixels: 16 products in 12 instructions. */
    .macro group
    ldrd    r11, r12, [r1], #8
    ldmia   r0!, {r7-r10}
    sxtb16  lr, r11
    smlad   r5, r7, r11, r5
    smlad   r6, r8, r11, r6
    smlad   r3, r7, lr, r3
    smlad   r4, r8, lr, r4
    sxtb16  lr, r12
    smlad   r5, r9, r12, r5
    smlad   r6, r10, r12, r6
    smlad   r3, r9, lr, r3
    smlad   r4, r10, lr, r4
    .endm

    .section .text.mn_dsp_two_pixels, "ax"
    .global mn_dsp_two_pixels
    .type mn_dsp_two_pixels, %function
    .thumb_func
    .align 2
mn_dsp_two_pixels:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME + 4
    str     r0, [sp, #JOB]
    ldr     r1, [r0, #JOB_WEIGHTS]
    ldr     r2, [r0, #JOB_SEGMENTS]
    ldr     r3, [r0, #JOB_EXACT]
    str     r2, [sp, #SEGMENTS_LEFT]
    sub     r2, r2, #1
    orr     r2, r2, r3
    str     r2, [sp, #SLOW]
    movs    r2, #0
    str     r2, [sp, #CARRY]
    str     r2, [sp, #CARRY + 4]

next_pair:
    ldr     r0, [sp, #JOB]
    ldr     r3, [r0, #JOB_CHANNEL]
    ldr     r2, [r0, #JOB_GROUPS]
    ldr     r0, [r0, #JOB_X]
    ldr     r3, [r3]
    mov     r4, r3
    mov     r5, r3
    mov     r6, r3

segment:
    subs    r2, r2, #4
    blt     last_groups
four_groups:
    group
    group
    group
    group
    subs    r2, r2, #4
    bge     four_groups
last_groups:
    adds    r2, r2, #4
    beq     dot_done
one_group:
    group
    subs    r2, r2, #1
    bne     one_group
dot_done:
    ldr     r2, [sp, #SLOW]
    cmp     r2, #0
    bne     slow

    ldr     r0, [sp, #JOB]
    ldr     r2, [r0, #JOB_CHANNEL]
    ldmia   r2!, {r7-r12} /* bias, multiplier, shift of A and of B */
    str     r2, [r0, #JOB_CHANNEL]
    ldr     r2, [r0, #JOB_ZERO_CODE]
    sub     r5, r5, r3 /* 256 B */
    sub     r6, r6, r4
    mvn     r9, r9
    lsl     r7, r2, r9
    lsl     r3, r3, #1
    lsl     r4, r4, #1
    finish  r3, r8, r7, r9, lr
    finish  r4, r8, r7, r9, lr
    mvn     r12, r12
    lsl     r7, r2, r12
    lsl     r10, r10, #1
    add     r5, r10, r5, asr #7
    add     r6, r10, r6, asr #7
    finish  r5, r11, r7, r12, lr
    finish  r6, r11, r7, r12, lr
    ldrd    r7, r8, [r0, #JOB_Y]
    strb    r3, [r7], #1
    strb    r5, [r7], #1
    strb    r4, [r8], #1
    strb    r6, [r8], #1
    strd    r7, r8, [r0, #JOB_Y]
pair_done:
    ldr     r2, [r0, #JOB_PAIRS]
    subs    r2, r2, #1
    str     r2, [r0, #JOB_PAIRS]
    bne     next_pair
    add     sp, sp, #FRAME + 4
    pop     {r4-r11, pc}

slow:
    ldrd    r7, r8, [sp, #CARRY]
    sub     r5, r5, r3
    sub     r6, r6, r4
    add     r7, r7, r5, asr #8
    add     r8, r8, r6, asr #8
    ldr     r2, [sp, #SEGMENTS_LEFT]
    subs    r2, r2, #1
    str     r2, [sp, #SEGMENTS_LEFT]
    beq     finish_slow
    strd    r7, r8, [sp, #CARRY]
    mov     r5, r3
    mov     r6, r4
    ldr     r2, [sp, #JOB]
    ldr     r2, [r2, #JOB_GROUPS]
    b       segment

finish_slow:
    str     r1, [sp, #SAVED_WEIGHTS]
    strd    r3, r4, [sp, #ACC]
    strd    r7, r8, [sp, #ACC + 8]
    movs    r2, #0
    str     r2, [sp, #CARRY]
    str     r2, [sp, #CARRY + 4]
    ldr     r0, [sp, #JOB]
    ldr     r2, [r0, #JOB_SEGMENTS]
    str     r2, [sp, #SEGMENTS_LEFT]
    mov     r1, sp
    bl      mn_dsp_finish_pair
    ldr     r1, [sp, #SAVED_WEIGHTS]
    ldr     r0, [sp, #JOB]
    b       pair_done

    .size mn_dsp_two_pixels, . - mn_dsp_two_pixels

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
