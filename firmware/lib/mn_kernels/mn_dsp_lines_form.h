/* SPDX-License-Identifier: Apache-2.0 */
/* void name(mn_dsp_lines_job *job): see mn_dsp_lines.h for the job, mn_dsp.h for the arithmetic.
 *
 * r0 x   r1 weights   r2-r5 words of four outputs   r6-r9 S of these (channel A)   r10-r12 lr R of the same (256 B + A)
 *
 * All taps of a form stand one behind the other: weights lie at fixed places of the frame and words at fixed places
 * behind r0, so a tap takes one load of each, as three of its words were the neighbours' at the tap before. The loop
 * is kept below 1 KB, so that it stays in the cache of an STM32's flash. Inputs are doubled, so sums are as `finish`
 * takes them. No instruction of the products changes the carry: it says whether sums are to be scaled.
 */
#ifndef MN_DSP_LINES_FORM_H
#define MN_DSP_LINES_FORM_H
#if defined(__ASSEMBLER__)

#include "mn_dsp_finish.h"
#include "mn_dsp_multiply.h"

    .syntax unified
    .thumb

    /* The job: */
    .equ PAIR, 0
    .equ X, 4
    .equ LAST, 8
    .equ Y, 12
    .equ STEP, 16
    .equ BACK, 20
    .equ LINE_BYTES, 24
    .equ SKIP, 28
    .equ LINES, 32
    .equ EXACT, 36
    .equ SUMS, 40
    /* The frame, behind the weights: */
    .equ SCALE_A, 0
    .equ SCALE_B, 16
    .equ FRAME_LAST, 32
    .equ FRAME_Y, 36
    .equ FRAME_STEP, 40
    .equ FRAME_JOB, 44
    .equ FRAME, 48
    .equ SCALE_WORDS, 8
    /* Taps from which a loop is too long for the cache with `finish_straight`. */
    .equ LONG_RUN, 18

    /* All sums begin with the bias of A. */
    .macro multiply_first
    smlad   r10, r2, r1, r6
    smlad   r11, r3, r1, r6
    smlad   r12, r4, r1, r6
    smlad   lr, r5, r1, r6
    sxtb16  r1, r1
    smlad   r7, r3, r1, r6
    smlad   r8, r4, r1, r6
    smlad   r9, r5, r1, r6
    smlad   r6, r2, r1, r6
    .endm

    .macro load_tap number, chain, chains
    ldr     r1, [sp, #4 * (\number)]
    ldr     r2, [r0, #4 * (\chain)]
    ldr     r3, [r0, #4 * (\chain + \chains)]
    ldr     r4, [r0, #4 * (\chain + 2 * \chains)]
    ldr     r5, [r0, #4 * (\chain + 3 * \chains)]
    .endm

    .macro more_taps left, number, word, chains, a, b, c, d
    .if \left
    ldr     r1, [sp, #4 * (\number)]
    ldr     \a, [r0, #4 * (\word)]
    multiply \b, \c, \d, \a
    more_taps (\left - 1), (\number + 1), (\word + \chains), \chains, \b, \c, \d, \a
    .endif
    .endm

    .macro more_chains left, chain, chains, taps
    .if \left
    load_tap (\chain * \taps), \chain, \chains
    multiply r2, r3, r4, r5
    more_taps (\taps - 1), (\chain * \taps + 1), (\chain + 4 * \chains), \chains, r2, r3, r4, r5
    more_chains (\left - 1), (\chain + 1), \chains, \taps
    .endif
    .endm

    .macro add_bias sum, from
    add     \sum, r4, \from, asr #8
    .endm

    .macro put a, b
    strb    \a, [r1]
    strb    \b, [r1, #1]
    add     r1, r1, r2
    .endm

    .macro load_scale at
    ldr     r1, [sp, #(\at + 4)]
    ldr     r2, [sp, #(\at + 8)]
    ldr     r3, [sp, #(\at + 12)]
    .endm

    .macro finish_four a, b, c, d
    finish  \a, r1, r2, r3, r4
    finish  \b, r1, r2, r3, r4
    finish  \c, r1, r2, r3, r4
    finish  \d, r1, r2, r3, r4
    .endm

    /* In a shorter instruction, which changes the carry. */
    .macro finish_low sum
    scale   \sum, r1, r2, r4
    asrs    \sum, \sum, r3
    ssat    \sum, #8, \sum, asr #1
    .endm

    /* From the sums of both channels to their outputs; leaves r1 behind these and the last quad in r3. */
    .macro finish_straight frame
    load_scale (\frame + SCALE_A)
    finish_four r6, r7, r8, r9
    load_scale (\frame + SCALE_B)
    ldr     r4, [sp, #(\frame + SCALE_B)]
    add_bias r10, r10
    add_bias r11, r11
    add_bias r12, r12
    add_bias lr, lr
    finish_four r10, r11, r12, lr
    ldr     r1, [sp, #(\frame + FRAME_Y)]
    ldr     r2, [sp, #(\frame + FRAME_STEP)]
    ldr     r3, [sp, #(\frame + FRAME_LAST)]
    put     r6, r10
    put     r7, r11
    put     r8, r12
    put     r9, lr
    .endm

    /* The same in less code, by one turn for each channel: of a form that would be more than 1 KB. */
    .macro finish_in_turns frame
    load_scale (\frame + SCALE_A)
    movs    r5, #0
6:
    finish_low r6
    finish_low r7
    finish  r8, r1, r2, r3, r4
    finish  r9, r1, r2, r3, r4
    ldr     r1, [sp, #(\frame + FRAME_Y)]
    ldr     r2, [sp, #(\frame + FRAME_STEP)]
    adds    r1, r1, r5
    strb    r6, [r1]
    strb    r7, [r1, r2]
    add     r1, r1, r2, lsl #1
    strb    r8, [r1]
    strb    r9, [r1, r2]
    cbnz    r5, 7f
    load_scale (\frame + SCALE_B)
    ldr     r4, [sp, #(\frame + SCALE_B)]
    movs    r5, #1
    add_bias r6, r10
    add_bias r7, r11
    add_bias r8, r12
    add_bias r9, lr
    b       6b
7:
    add     r1, r1, r2, lsl #1
    ldr     r3, [sp, #(\frame + FRAME_LAST)]
    subs    r1, r1, #1
    .endm

    .macro lines name, chains, taps
    .section .text.\name, "ax"
    .type \name, %function
    .thumb_func
    .align 5
\name:
    push    {r4-r11, lr}
    sub     sp, sp, #(4 * \chains * \taps + FRAME)
    ldr     r1, [r0, #PAIR]
    mov     r2, sp
    movs    r3, #(\chains * \taps + SCALE_WORDS)
1:
    ldr     r4, [r1], #4
    subs    r3, r3, #1
    str     r4, [r2], #4
    bne     1b
    ldr     r1, [r0, #LAST]
    ldr     r4, [r0, #Y]
    ldr     r5, [r0, #STEP]
    ldr     r6, [r0, #EXACT]
    str     r1, [sp, #(4 * \chains * \taps + FRAME_LAST)]
    str     r4, [sp, #(4 * \chains * \taps + FRAME_Y)]
    str     r5, [sp, #(4 * \chains * \taps + FRAME_STEP)]
    str     r0, [sp, #(4 * \chains * \taps + FRAME_JOB)]
    ldr     r0, [r0, #X]
    cmp     r3, r6
    .align 5
2:
    ldr     r6, [sp, #(4 * \chains * \taps + SCALE_A)]
    load_tap 0, 0, \chains
    multiply_first
    more_taps (\taps - 1), 1, (4 * \chains), \chains, r2, r3, r4, r5
    more_chains (\chains - 1), 1, \chains, \taps
    sub     r10, r10, r6
    sub     r11, r11, r7
    sub     r12, r12, r8
    sub     lr, lr, r9
    bcc     5f
    .if \chains * \taps < LONG_RUN
    finish_straight (4 * \chains * \taps)
    .else
    finish_in_turns (4 * \chains * \taps)
    .endif
    adds    r0, r0, #(16 * \chains)
8:
    str     r1, [sp, #(4 * \chains * \taps + FRAME_Y)]
    cmp     r3, r0
    bcs     2b
    ldr     r2, [sp, #(4 * \chains * \taps + FRAME_JOB)]
    add     r4, r3, #(16 * \chains)
    cmp     r0, r4
    beq     3f
    ldr     r5, [r2, #BACK]
    mov     r0, r3
    subs    r1, r1, r5
    b       8b
3:
    ldr     r4, [r2, #LINES]
    ldr     r5, [r2, #LINE_BYTES]
    ldr     r6, [r2, #SKIP]
    subs    r4, r4, #1
    str     r4, [r2, #LINES]
    beq     4f
    add     r3, r3, r5
    add     r1, r1, r6
    str     r3, [sp, #(4 * \chains * \taps + FRAME_LAST)]
    adds    r0, r0, #(4 * \chains * (\taps - 1))
    b       8b
5:
    ldr     r0, [sp, #(4 * \chains * \taps + FRAME_JOB)]
    asr     r10, r10, #8
    asr     r11, r11, #8
    asr     r12, r12, #8
    asr     lr, lr, #8
    add     r0, r0, #SUMS
    stmia   r0, {r6-r12, lr}
4:
    add     sp, sp, #(4 * \chains * \taps + FRAME)
    pop     {r4-r11, pc}
    .size \name, . - \name
    .endm

#endif
#endif
