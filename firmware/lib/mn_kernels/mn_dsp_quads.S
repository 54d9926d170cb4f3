/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_quads(const mn_dsp_quads_job *job): see mn_dsp_quads.h for the job, mn_dsp.h for the arithmetic.
 *
 * r0 x   r1 weights   r2-r5 S of four pixels (channel A)   r6-r9 R of the same (256 B + A)
 * r10 r11 weights as they are and unpacked   r12 lr inputs
 *
 * Loads stand in pairs: the second of two neighbours takes one cycle on a Cortex-M4, where words of LDRD and LDM
 * never do. What runs again and again is kept below 1 KB, so that it stays in the cache of an STM32's flash.
 */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_finish.h"

    .syntax unified
    .thumb

    /* The frame begins with a copy of the job. */
    .equ X, 0
    .equ WEIGHTS, 4
    .equ STAGED, 8
    .equ CHANNEL, 12
    .equ Y, 16
    .equ STEPS, 20
    .equ QUADS, 32
    .equ PAIRS, 36
    .equ SEGMENTS, 40
    .equ SEGMENT_BYTES, 44
    .equ ZERO_CODE, 48
    .equ EXACT, 52
    /* A pair's own: */
    .equ W, 56
    .equ ENTRY, 60 /* where the first turn begins, and the weights that it leaves out */
    .equ END, 64
    .equ PAIR_Y, 68
    .equ QUADS_END, 72 /* of x, less 4 bytes */
    .equ BIAS_A, 76
    .equ MULTIPLIER_A, 80
    .equ CODE_A, 84
    .equ SHIFT_A, 88
    .equ BIAS_B, 92
    .equ MULTIPLIER_B, 96
    .equ CODE_B, 100
    .equ SHIFT_B, 104
    /* For the slow path: */
    .equ SLOW, 108
    .equ LEFT, 112
    .equ JOB, 116
    .equ CARRY, 120
    .equ ACC, 136
    .equ SKIP, 172
    .equ FIRST, 176 /* ENTRY, or begin_slow */
    .equ FRAME, 180
    .equ GROUP_CODE, 112

    /* Two terms of two channels of four pixels: 16 products in 14 instructions. r0 and r1 point 4 bytes before the turn's
     * first words, so that the last half can move them by the way. */
    .macro half w, x, move
    ldr     r10, [r1, #\w + 4]\move
    ldr     r12, [r0, #\x + 4]
    ldr     lr, [r0, #\x + 8]
    sxtb16  r11, r10
    smlad   r6, r12, r10, r6
    smlad   r7, lr, r10, r7
    smlad   r2, r12, r11, r2
    smlad   r3, lr, r11, r3
    ldr     r12, [r0, #\x + 12]
    ldr     lr, [r0, #\x + 16]\move
    smlad   r8, r12, r10, r8
    smlad   r9, lr, r10, r9
    smlad   r4, r12, r11, r4
    smlad   r5, lr, r11, r5
    .endm

    .macro put a, b, step
    strb    \a, [r1]
    strb    \b, [r1, #1]
    add     r1, r1, \step
    .endm

    .section .text.mn_dsp_quads, "ax"
    .global mn_dsp_quads
    .type mn_dsp_quads, %function
    .thumb_func
    .align 3
mn_dsp_quads:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    str     r0, [sp, #JOB]
    ldmia   r0!, {r1-r7}
    stmia   sp, {r1-r7}
    add     r12, sp, #STEPS + 8
    ldmia   r0, {r1-r7}
    stmia   r12, {r1-r7}
    sub     r4, r4, #1 /* segments */
    orr     r4, r4, r7 /* exact */
    str     r4, [sp, #SLOW]
    rsb     r5, r5, #0
    and     r5, r5, #24 /* the first turn leaves out what the segment lacks to whole turns of 32 bytes */
    movs    r6, #GROUP_CODE / 8
    adr     r7, four_groups
    mla     r7, r5, r6, r7
    orr     r7, r7, #1
    str     r5, [sp, #SKIP]
    str     r7, [sp, #ENTRY]
    cmp     r4, #0
    it      ne
    adrne   r7, begin_slow
    orr     r7, r7, #1
    str     r7, [sp, #FIRST]
    ldr     r4, [sp, #X]
    ldr     r5, [sp, #QUADS]
    ldr     r6, [sp, #SEGMENTS]
    ldr     r7, [sp, #SEGMENT_BYTES]
    sub     r4, r4, #4
    mul     r5, r5, r6
    mul     r5, r5, r7
    add     r4, r4, r5, lsl #2
    str     r4, [sp, #QUADS_END]

next_pair:
    ldr     r1, [sp, #STAGED]
    ldr     r0, [sp, #WEIGHTS]
    ldr     r2, [sp, #SEGMENTS]
    ldr     r3, [sp, #SEGMENT_BYTES]
    mul     r8, r2, r3
    add     r9, r0, r8
    str     r9, [sp, #WEIGHTS]
    cbz     r1, staged
    lsrs    r8, r8, #4
    beq     stage_rest
1:  ldmia   r0!, {r4-r7}
    subs    r8, r8, #1
    stmia   r1!, {r4-r7}
    bne     1b
stage_rest:
    cmp     r0, r9
    it      ne
    ldrdne  r4, r5, [r0]
    it      ne
    strdne  r4, r5, [r1]
    ldr     r0, [sp, #STAGED]
staged:
    ldr     r1, [sp, #CHANNEL]
    sub     r0, r0, #4
    add     r9, r0, r3
    str     r0, [sp, #W]
    str     r9, [sp, #END]
    ldmia   r1!, {r2-r7} /* bias, multiplier, shift of A and of B */
    ldr     r8, [sp, #ZERO_CODE]
    ldr     r9, [sp, #Y]
    ldr     r0, [sp, #X]
    sub     r0, r0, #4
    str     r1, [sp, #CHANNEL]
    str     r9, [sp, #PAIR_Y]
    mvn     r4, r4
    mvn     r7, r7
    lsl     r5, r5, #1
    lsl     r10, r8, r4
    lsl     r8, r8, r7
    add     r9, r9, #2
    str     r9, [sp, #Y]
    str     r2, [sp, #BIAS_A]
    str     r3, [sp, #MULTIPLIER_A]
    str     r10, [sp, #CODE_A]
    str     r4, [sp, #SHIFT_A]
    str     r5, [sp, #BIAS_B]
    str     r6, [sp, #MULTIPLIER_B]
    str     r8, [sp, #CODE_B]
    str     r7, [sp, #SHIFT_B]

next_quad:
    ldr     r1, [sp, #W]
    ldr     r2, [sp, #BIAS_A]
    ldr     r10, [sp, #SKIP]
    ldr     r11, [sp, #FIRST]
    mov     r3, r2
    mov     r4, r2
    mov     r5, r2
    mov     r6, r2
    mov     r7, r2
    mov     r8, r2
    mov     r9, r2
start_turn:
    sub     r1, r1, r10
    sub     r0, r0, r10, lsl #2
    bx      r11
    .align 2
four_groups:
    half    0, 0
    half    4, 16
    .if . - four_groups - GROUP_CODE
    .error "a group's code has another length"
    .endif
    half    8, 32
    half    12, 48
    half    16, 64
    half    20, 80
    half    24, 96
    half    28, 112, !
    ldr     r10, [sp, #END]
    cmp     r1, r10
    bne     four_groups
dot_done:
    sub     r6, r6, r2
    sub     r7, r7, r3
    sub     r8, r8, r4
    sub     r9, r9, r5
    ldr     lr, [sp, #SLOW]
    ldr     r10, [sp, #MULTIPLIER_A]
    ldr     r11, [sp, #CODE_A]
    ldr     r12, [sp, #SHIFT_A]
    cmp     lr, #0
    bne     end_segment
fast:
    lsl     r2, r2, #1
    lsl     r3, r3, #1
    lsl     r4, r4, #1
    lsl     r5, r5, #1
    finish  r2, r10, r11, r12, lr
    finish  r3, r10, r11, r12, lr
    finish  r4, r10, r11, r12, lr
    finish  r5, r10, r11, r12, lr
    ldr     r1, [sp, #BIAS_B]
    ldr     r10, [sp, #MULTIPLIER_B]
    ldr     r11, [sp, #CODE_B]
    ldr     r12, [sp, #SHIFT_B]
    add     r6, r1, r6, asr #7
    add     r7, r1, r7, asr #7
    add     r8, r1, r8, asr #7
    add     r9, r1, r9, asr #7
    finish  r6, r10, r11, r12, lr
    finish  r7, r10, r11, r12, lr
    finish  r8, r10, r11, r12, lr
    finish  r9, r10, r11, r12, lr
    ldr     r1, [sp, #PAIR_Y]
    ldr     r10, [sp, #STEPS]
    ldr     r11, [sp, #STEPS + 4]
    ldr     r12, [sp, #STEPS + 8]
    ldr     lr, [sp, #QUADS_END]
    put     r2, r6, r10
    put     r3, r7, r11
    put     r4, r8, r12
    put     r5, r9, r12
quad_done:
    str     r1, [sp, #PAIR_Y]
    cmp     r0, lr
    bne     next_quad
    ldr     r10, [sp, #PAIRS]
    subs    r10, r10, #1
    str     r10, [sp, #PAIRS]
    bne     next_pair
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}

    /* Several segments, or a general requantization: B's sums are carried from segment to segment. */
    .align 2
begin_slow: /* of the first segment, from where the first turn begins */
    ldr     r10, [sp, #SEGMENTS]
    str     r10, [sp, #LEFT]
    movs    r10, #0
    str     r10, [sp, #CARRY]
    str     r10, [sp, #CARRY + 4]
    str     r10, [sp, #CARRY + 8]
    str     r10, [sp, #CARRY + 12]
    ldr     r11, [sp, #ENTRY]
    bx      r11
end_segment:
    add     r12, sp, #CARRY
    ldr     r10, [r12]
    ldr     r11, [r12, #4]
    add     r6, r10, r6, asr #8
    add     r7, r11, r7, asr #8
    ldr     r10, [r12, #8]
    ldr     r11, [r12, #12]
    add     r8, r10, r8, asr #8
    add     r9, r11, r9, asr #8
    ldr     r11, [sp, #SEGMENT_BYTES]
    ldr     r10, [sp, #LEFT]
    subs    r10, r10, #1
    str     r10, [sp, #LEFT]
    beq     slow_done
    stmia   r12, {r6-r9}
    ldr     r12, [sp, #END]
    add     r12, r12, r11
    str     r12, [sp, #END]
    mov     r6, r2
    mov     r7, r3
    mov     r8, r4
    mov     r9, r5
    ldr     r10, [sp, #SKIP]
    ldr     r11, [sp, #ENTRY]
    b       start_turn
slow_done: /* the end goes back to the first segment's */
    ldr     r10, [sp, #SEGMENTS]
    subs    r10, r10, #1
    mul     r11, r11, r10
    ldr     r12, [sp, #END]
    sub     r12, r12, r11
    str     r12, [sp, #END]
    ldr     r10, [sp, #EXACT]
    cmp     r10, #0
    bne     exact
    lsl     r6, r6, #8
    lsl     r7, r7, #8
    lsl     r8, r8, #8
    lsl     r9, r9, #8
    ldr     r10, [sp, #MULTIPLIER_A]
    ldr     r11, [sp, #CODE_A]
    ldr     r12, [sp, #SHIFT_A]
    b       fast
exact: /* mn_dsp_finish_quad(job, sums, y, past the pair's channels) gives the next quad's y */
    add     r1, sp, #ACC
    stmia   r1, {r2-r9}
    mov     r4, r0
    ldr     r0, [sp, #JOB]
    ldr     r2, [sp, #PAIR_Y]
    ldr     r3, [sp, #CHANNEL]
    bl      mn_dsp_finish_quad
    mov     r1, r0
    mov     r0, r4
    ldr     lr, [sp, #QUADS_END]
    b       quad_done

    .size mn_dsp_quads, . - mn_dsp_quads

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
