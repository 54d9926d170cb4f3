/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_depthwise_fours(mn_dsp_fours_job *job), and the same for pairs: see mn_dsp_fours.h. 9 instructions for four
 * products and 7 for an output; of pairs 8 and 5.5.
 *
 * One by one: r0 r1 r2 rows of the window   r3 job   r4-r7 sums   r8 r9 weights   r10 r11 inputs   r12 y   lr columns left
 * Pairs: r0 row of the window   r1 r2 inputs   r3 job   r4-r7 sums of the first, r8-r11 of the second   r12 lr weights
 *
 * Loads stand side by side: all but the first of some neighbours take one cycle on a Cortex-M4. Each loop is less than
 * 1 KB, and stays in the cache of an STM32's flash.
 */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_finish.h"

    .syntax unified
    .thumb

    .equ WEIGHTS, 0
    .equ BIAS, 72
    .equ SCALES, 88
    .equ WINDOW, 136
    .equ Y, 140
    .equ ROW_BYTES, 144
    .equ STEP, 148
    .equ Y_STEP, 152
    .equ COLUMNS, 156
    .equ ROW_SKIP, 160
    .equ Y_SKIP, 164
    .equ ROWS, 168
    .equ LEFT, 172

    .macro tap row, column, number
    ldr     r10, [\row, #4 * \column]
    ldr     r8, [r3, #WEIGHTS + 8 * (\number)]
    ldr     r9, [r3, #WEIGHTS + 8 * (\number) + 4]
    sxtb16  r11, r10, ror #8
    sxtb16  r10, r10
    smlabb  r5, r11, r9, r5
    smlatt  r7, r11, r9, r7
    smlabb  r4, r10, r8, r4
    smlatt  r6, r10, r8, r6
    .endm

    .macro finish_channel acc, channel
    ldr     r9, [r3, #SCALES + 12 * \channel + 4]
    ldr     r8, [r3, #SCALES + 12 * \channel]
    ldr     r10, [r3, #SCALES + 12 * \channel + 8]
    finish  \acc, r8, r9, r10, r11
    .endm

    .section .text.mn_dsp_depthwise_fours, "ax"
    .global mn_dsp_depthwise_fours
    .type mn_dsp_depthwise_fours, %function
    .thumb_func
    .align 3
mn_dsp_depthwise_fours:
    push    {r4-r11, lr}
    mov     r3, r0
    ldr     r1, [r3, #ROW_BYTES]
    ldr     r0, [r3, #WINDOW]
    ldr     r12, [r3, #Y]
    add     r2, r0, r1, lsl #1
    add     r1, r0, r1
next_row:
    ldr     lr, [r3, #COLUMNS]
next_column:
    ldr     r4, [r3, #BIAS]
    ldr     r5, [r3, #BIAS + 4]
    ldr     r6, [r3, #BIAS + 8]
    ldr     r7, [r3, #BIAS + 12]
    tap     r0, 0, 0
    tap     r0, 1, 1
    tap     r0, 2, 2
    tap     r1, 0, 3
    tap     r1, 1, 4
    tap     r1, 2, 5
    tap     r2, 0, 6
    tap     r2, 1, 7
    tap     r2, 2, 8
    finish_channel r4, 0
    finish_channel r5, 1
    finish_channel r6, 2
    finish_channel r7, 3
    ldr     r8, [r3, #STEP]
    ldr     r9, [r3, #Y_STEP]
    strb    r4, [r12]
    strb    r5, [r12, #1]
    strb    r6, [r12, #2]
    strb    r7, [r12, #3]
    add     r0, r0, r8
    add     r1, r1, r8
    add     r2, r2, r8
    add     r12, r12, r9
    subs    lr, lr, #1
    bne     next_column
    ldr     r8, [r3, #ROW_SKIP]
    ldr     r9, [r3, #Y_SKIP]
    ldr     r10, [r3, #ROWS]
    add     r0, r0, r8
    add     r1, r1, r8
    add     r2, r2, r8
    add     r12, r12, r9
    subs    r10, r10, #1
    str     r10, [r3, #ROWS]
    bne     next_row
    str     r12, [r3, #Y]
    pop     {r4-r11, pc}
    .size mn_dsp_depthwise_fours, . - mn_dsp_depthwise_fours

    .macro tap_of_two column, number, second
    ldr     r1, [r0, #4 * \column]
    ldr     r12, [r3, #WEIGHTS + 8 * (\number)]
    ldr     lr, [r3, #WEIGHTS + 8 * (\number) + 4]
    sxtb16  r2, r1, ror #8
    sxtb16  r1, r1
    smlabb  r5, r2, lr, r5
    smlatt  r7, r2, lr, r7
    smlabb  r4, r1, r12, r4
    smlatt  r6, r1, r12, r6
    ldr     r1, [r0, #4 * (\column + \second)]
    sxtb16  r2, r1, ror #8
    sxtb16  r1, r1
    smlabb  r9, r2, lr, r9
    smlatt  r11, r2, lr, r11
    smlabb  r8, r1, r12, r8
    smlatt  r10, r1, r12, r10
    .endm

    .macro row_of_two number, second
    tap_of_two 0, 3 * \number, \second
    tap_of_two 1, 3 * \number + 1, \second
    tap_of_two 2, 3 * \number + 2, \second
    .endm

    .macro finish_two first, second, channel
    ldr     r12, [r3, #SCALES + 12 * \channel + 4]
    ldr     r2, [r3, #SCALES + 12 * \channel]
    ldr     lr, [r3, #SCALES + 12 * \channel + 8]
    scale   \first, r2, r12, r1
    scale   \second, r2, r12, r1
    shift_two \first, \second, lr
    .endm

    .macro pairs name, second
    .section .text.\name, "ax"
    .global \name
    .type \name, %function
    .thumb_func
    .align 3
\name:
    push    {r4-r11, lr}
    mov     r3, r0
    ldr     r0, [r3, #WINDOW]
1:  ldr     r12, [r3, #COLUMNS]
2:  str     r12, [r3, #LEFT]
    ldr     r4, [r3, #BIAS]
    ldr     r5, [r3, #BIAS + 4]
    ldr     r6, [r3, #BIAS + 8]
    ldr     r7, [r3, #BIAS + 12]
    mov     r8, r4
    mov     r9, r5
    mov     r10, r6
    mov     r11, r7
    row_of_two 0, \second
    ldr     r1, [r3, #ROW_BYTES]
    add     r0, r0, r1
    row_of_two 1, \second
    ldr     r1, [r3, #ROW_BYTES]
    add     r0, r0, r1
    row_of_two 2, \second
    finish_two r4, r8, 0
    finish_two r5, r9, 1
    finish_two r6, r10, 2
    finish_two r7, r11, 3
    ldr     r1, [r3, #Y]
    ldr     r2, [r3, #Y_STEP]
    ldr     lr, [r3, #STEP]
    ldr     r12, [r3, #LEFT]
    strb    r4, [r1]
    strb    r5, [r1, #1]
    strb    r6, [r1, #2]
    strb    r7, [r1, #3]
    add     r1, r1, r2
    strb    r8, [r1]
    strb    r9, [r1, #1]
    strb    r10, [r1, #2]
    strb    r11, [r1, #3]
    add     r1, r1, r2
    str     r1, [r3, #Y]
    add     r0, r0, lr
    subs    r12, r12, #1
    bne     2b
    ldr     r12, [r3, #ROW_SKIP]
    ldr     r2, [r3, #Y_SKIP]
    ldr     lr, [r3, #ROWS]
    add     r0, r0, r12
    add     r1, r1, r2
    str     r1, [r3, #Y]
    subs    lr, lr, #1
    str     lr, [r3, #ROWS]
    bne     1b
    pop     {r4-r11, pc}
    .size \name, . - \name
    .endm

    pairs   mn_dsp_depthwise_fours_s1, 1
    pairs   mn_dsp_depthwise_fours_s2, 2

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
