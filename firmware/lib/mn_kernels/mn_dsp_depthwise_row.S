/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_depthwise_row(mn_dsp_row_job *job): one row of output pairs of any window. See mn_dsp_plane.h.
 *
 * r0 job   r1 window   r2 inputs   r3 weights   r4 words left   r5 kernel rows left
 * r6 r7 sums   r8 r11 inputs of both outputs   r9 r10 their weights   r12 distance of the second's inputs
 */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_finish.h"

    .syntax unified
    .thumb

    .equ BIAS, 0
    .equ MULTIPLIER, 4
    .equ SHIFT, 12
    .equ Y, 16
    .equ WEIGHTS, 24
    .equ KERNEL_H, 28
    .equ WORDS, 32
    .equ ROW_GAP, 36
    .equ SECOND, 40
    .equ PAIR_BYTES, 44
    .equ PAIRS, 48
    .equ WINDOW, 52

    .section .text.mn_dsp_depthwise_row, "ax"
    .global mn_dsp_depthwise_row
    .type mn_dsp_depthwise_row, %function
    .thumb_func
    .align 2
mn_dsp_depthwise_row:
    push    {r3-r11, lr}
    ldr     r1, [r0, #WINDOW]
    ldr     r12, [r0, #SECOND]
next_pair:
    ldr     r6, [r0, #BIAS]
    mov     r7, r6
    mov     r2, r1
    ldrd    r3, r5, [r0, #WEIGHTS]
kernel_row:
    ldr     r4, [r0, #WORDS]
next_word:
    ldr     r11, [r2, r12]
    ldr     r8, [r2], #4
    ldrd    r9, r10, [r3], #8
    subs    r4, r4, #1
    smlad   r6, r8, r9, r6
    smlad   r7, r11, r10, r7
    bne     next_word
    ldr     lr, [r0, #ROW_GAP]
    subs    r5, r5, #1
    add     r2, r2, lr
    bne     kernel_row

    ldrd    r9, r10, [r0, #MULTIPLIER]
    scale   r6, r9, r10, lr
    scale   r7, r9, r10, lr
    ldr     lr, [r0, #SHIFT]
    ldrd    r9, r10, [r0, #Y]
    shift_two r6, r7, lr
    strb    r7, [r9, r10]
    strb    r6, [r9]
    add     r9, r9, r10, lsl #1
    str     r9, [r0, #Y]
    ldrd    r9, r10, [r0, #PAIR_BYTES]
    add     r1, r1, r9
    subs    r10, r10, #1
    str     r10, [r0, #PAIRS]
    bne     next_pair
    pop     {r3-r11, pc}
    .size mn_dsp_depthwise_row, . - mn_dsp_depthwise_row

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
