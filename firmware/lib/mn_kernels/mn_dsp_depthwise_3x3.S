/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_depthwise_3x3_s1(const mn_dsp_plane_job *job), and the same for stride 2: two outputs a turn, all weights in
 * registers. See mn_dsp_plane.h.
 *
 * r0 r1 r2 plane rows   r3-r8 weights   r9 r10 sums   r11 r12 inputs   lr temporary
 */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_finish.h"

    .syntax unified
    .thumb

    /* The frame is the job's first twelve words; the seventh holds the end of the row. */
    .equ BIAS, 0
    .equ MULTIPLIER, 4
    .equ SHIFT, 12
    .equ Y, 16
    .equ ROW_END, 24
    .equ ROWS, 28
    .equ ROW_BYTES, 32
    .equ ROW_SKIP, 36
    .equ Y_SKIP, 40
    .equ FRAME, 52

    /* One kernel row of both outputs: (x0, x1) and (x2, x3) are in r11 and r12. */
    .macro taps_s1 row, low, high
    ldrd    r11, r12, [\row], #4
    smlad   r9, r11, \low, r9
    smlatb  r10, r11, \low, r10
    smlabt  r9, r12, \high, r9
    smlad   r10, r12, \high, r10
    .endm

    .macro taps_s2 row, low, high
    ldrd    r11, r12, [\row], #8
    smlad   r9, r11, \low, r9
    ldr     r11, [\row]
    smlabt  r9, r12, \high, r9
    smlad   r10, r12, \low, r10
    smlabt  r10, r11, \high, r10
    .endm

    .macro depthwise name, taps
    .section .text.\name, "ax"
    .global \name
    .type \name, %function
    .thumb_func
    .align 2
\name:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    ldmia   r0!, {r2-r7}
    stmia   sp, {r2-r7}
    ldmia   r0!, {r2-r7}
    add     r8, sp, #ROW_END
    stmia   r8, {r2-r7}
    ldmia   r0, {r0-r8}
1:  ldr     lr, [sp, #ROW_BYTES]
    add     lr, lr, r2
    str     lr, [sp, #ROW_END]
2:  ldr     r9, [sp, #BIAS]
    mov     r10, r9
    \taps   r0, r3, r4
    \taps   r1, r5, r6
    \taps   r2, r7, r8
    ldrd    r11, r12, [sp, #MULTIPLIER]
    scale   r9, r11, r12, lr
    scale   r10, r11, r12, lr
    ldr     lr, [sp, #SHIFT]
    ldrd    r11, r12, [sp, #Y]
    shift_two r9, r10, lr
    strb    r10, [r11, r12]
    strb    r9, [r11]
    add     r11, r11, r12, lsl #1
    str     r11, [sp, #Y]
    ldr     lr, [sp, #ROW_END]
    cmp     r2, lr
    bne     2b
    ldr     r11, [sp, #ROW_SKIP]
    ldr     r12, [sp, #Y_SKIP]
    ldr     lr, [sp, #Y]
    add     r0, r0, r11
    add     r1, r1, r11
    add     r2, r2, r11
    add     lr, lr, r12
    str     lr, [sp, #Y]
    ldr     lr, [sp, #ROWS]
    subs    lr, lr, #1
    str     lr, [sp, #ROWS]
    bne     1b
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .size \name, . - \name
    .endm

    depthwise mn_dsp_depthwise_3x3_s1, taps_s1
    depthwise mn_dsp_depthwise_3x3_s2, taps_s2

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
