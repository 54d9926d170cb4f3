/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_stem(mn_dsp_stem_job *job): see mn_dsp_stem.h for the job, mn_dsp.h for the arithmetic.
 *
 * r0 x   r1 weights   r2-r5 words of four pixels   r6-r9 S of these (channel A)   r10-r12 lr R of the same (256 B + A)
 *
 * Weights are at fixed places of the frame, so that one register holds them before and after they are unpacked, and
 * all loads of a tap stand side by side: all but the first take one cycle on a Cortex-M4. A tap three words on takes
 * words that its neighbour was multiplied with, and one more. The loop is kept below 1 KB, so that it stays in the
 * cache of an STM32's flash. No instruction of the products changes the carry: it says whether sums are to be stored.
 */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_finish.h"
#include "mn_dsp_multiply.h"

    .syntax unified
    .thumb

    /* The job: */
    .equ PAIR, 0
    .equ ROWS, 4
    .equ X, 16
    .equ END, 20
    .equ Y, 24
    .equ STEP, 28
    .equ PAIRS, 32
    .equ EXACT, 36
    .equ SUMS, 40
    .equ KERNEL_BYTES, 60
    /* The frame begins with the kernel's rows in the order of the slots. */
    .equ SCALE_A, 60
    .equ SCALE_B, 76
    .equ PAIR_END, 92
    .equ PAIR_Y, 96
    .equ PAIR_STEP, 100
    .equ JOB, 104
    .equ FRAME, 108
    .equ PIXEL, 36
    .equ QUAD, 144

    .macro load w, x
    ldr     r1, [sp, #\w]
    ldr     r2, [r0, #\x]
    ldr     r3, [r0, #\x + PIXEL]
    ldr     r4, [r0, #\x + 2 * PIXEL]
    ldr     r5, [r0, #\x + 3 * PIXEL]
    .endm

    .macro first_tap w, x
    load    \w, \x
    smuad   r10, r2, r1
    smuad   r11, r3, r1
    smuad   r12, r4, r1
    smuad   lr, r5, r1
    sxtb16  r1, r1
    smuad   r6, r2, r1
    smuad   r7, r3, r1
    smuad   r8, r4, r1
    smuad   r9, r5, r1
    .endm

    .macro tap w, x
    load    \w, \x
    multiply r2, r3, r4, r5
    .endm

    /* The tap three words behind the last one. */
    .macro tap_behind w, x
    ldr     r1, [sp, #\w + 12]
    ldr     r2, [r0, #\x + 4 * PIXEL]
    multiply r3, r4, r5, r2
    .endm

    .macro rest_of_row w, x
    tap_behind \w, \x
    tap     \w + 4, \x + 12
    tap_behind \w + 4, \x + 12
    tap     \w + 8, \x + 24
    .endm

    .macro put a, b
    strb    \a, [r1]
    strb    \b, [r1, #1]
    add     r1, r1, r2
    .endm

    .section .text.mn_dsp_stem, "ax"
    .global mn_dsp_stem
    .type mn_dsp_stem, %function
    .thumb_func
    .align 5
mn_dsp_stem:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    str     r0, [sp, #JOB]
next_pair:
    ldr     r6, [r0, #PAIRS]
    ldr     r1, [r0, #PAIR]
    ldr     r2, [r0, #ROWS]
    ldr     r3, [r0, #ROWS + 4]
    ldr     r4, [r0, #ROWS + 8]
    add     r2, r2, r1
    add     r3, r3, r1
    add     r4, r4, r1
    subs    r6, r6, #1
    str     r6, [r0, #PAIRS]
    bmi     leave
    mov     r12, sp
    ldmia   r2, {r5-r9}
    stmia   r12!, {r5-r9}
    ldmia   r3, {r5-r9}
    stmia   r12!, {r5-r9}
    ldmia   r4, {r5-r9}
    stmia   r12!, {r5-r9}
    adds    r1, r1, #KERNEL_BYTES
    ldmia   r1!, {r3-r10}
    stmia   r12!, {r3-r10}
    ldr     r3, [r0, #END]
    ldr     r4, [r0, #Y]
    ldr     r5, [r0, #STEP]
    ldr     r6, [r0, #EXACT]
    str     r1, [r0, #PAIR]
    stmia   r12, {r3-r5}
    adds    r4, r4, #2
    str     r4, [r0, #Y]
    ldr     r0, [r0, #X]
    cmp     r6, #1
    .align 3
next_quad:
    first_tap 0, 0
    rest_of_row 0, 0
    tap     20, 4
    rest_of_row 20, 4
    tap     40, 8
    rest_of_row 40, 8
    sub     r10, r10, r6
    sub     r11, r11, r7
    sub     r12, r12, r8
    sub     lr, lr, r9
    bcs     exact
    ldr     r1, [sp, #SCALE_A]
    ldr     r2, [sp, #SCALE_A + 4]
    ldr     r3, [sp, #SCALE_A + 8]
    ldr     r4, [sp, #SCALE_A + 12]
    add     r6, r1, r6, lsl #1
    add     r7, r1, r7, lsl #1
    add     r8, r1, r8, lsl #1
    add     r9, r1, r9, lsl #1
    finish  r6, r2, r3, r4, r5
    finish  r7, r2, r3, r4, r5
    finish  r8, r2, r3, r4, r5
    finish  r9, r2, r3, r4, r5
    ldr     r1, [sp, #SCALE_B]
    ldr     r2, [sp, #SCALE_B + 4]
    ldr     r3, [sp, #SCALE_B + 8]
    ldr     r4, [sp, #SCALE_B + 12]
    add     r10, r1, r10, asr #7
    add     r11, r1, r11, asr #7
    add     r12, r1, r12, asr #7
    add     lr, r1, lr, asr #7
    finish  r10, r2, r3, r4, r5
    finish  r11, r2, r3, r4, r5
    finish  r12, r2, r3, r4, r5
    finish  lr, r2, r3, r4, r5
    ldr     r1, [sp, #PAIR_Y]
    ldr     r2, [sp, #PAIR_STEP]
    ldr     r3, [sp, #PAIR_END]
    put     r6, r10
    put     r7, r11
    put     r8, r12
    put     r9, lr
    adds    r0, r0, #QUAD
    str     r1, [sp, #PAIR_Y]
    cmp     r0, r3
    blo     next_quad
    ldr     r0, [sp, #JOB]
    b       next_pair
leave:
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
exact:
    ldr     r0, [sp, #JOB]
    asr     r10, r10, #8
    asr     r11, r11, #8
    asr     r12, r12, #8
    asr     lr, lr, #8
    add     r0, r0, #SUMS
    stmia   r0, {r6-r12, lr}
    b       leave
    .size mn_dsp_stem, . - mn_dsp_stem

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
