/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_add_table(const mn_dsp_add_table_job *job): see mn_dsp_add_table.h.
 *
 * r0 minor   r1 major   r2 y   r3 table   r4 multiplier   r5 code   r6 shift   r7 end of y
 * r8-r11 four elements   r12 lr temporary
 *
 * Loads stand in a row: each that follows another takes one cycle on a Cortex-M4.
 */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_finish.h"

    .syntax unified
    .thumb

    .macro store_at acc, at
    finish  \acc, r4, r5, r6, lr
    strb    \acc, [r2, #\at]
    .endm

    .section .text.mn_dsp_add_table, "ax"
    .global mn_dsp_add_table
    .type mn_dsp_add_table, %function
    .thumb_func
    .align 2
mn_dsp_add_table:
    push    {r4-r11, lr}
    ldmia   r0, {r0-r7}
four:
    ldrb    r8, [r0], #4
    ldrb    r9, [r0, #-3]
    ldrb    r10, [r0, #-2]
    ldrb    r11, [r0, #-1]
    ldr     r8, [r3, r8, lsl #2]
    ldr     r9, [r3, r9, lsl #2]
    ldr     r10, [r3, r10, lsl #2]
    ldr     r11, [r3, r11, lsl #2]
    ldrsb   r12, [r1], #4
    ldrsb   lr, [r1, #-3]
    add     r8, r8, r12, lsl #20
    add     r9, r9, lr, lsl #20
    ldrsb   r12, [r1, #-2]
    ldrsb   lr, [r1, #-1]
    add     r10, r10, r12, lsl #20
    add     r11, r11, lr, lsl #20
    store_at r8, 0
    store_at r9, 1
    store_at r10, 2
    store_at r11, 3
    adds    r2, r2, #4
    cmp     r2, r7
    bne     four
    pop     {r4-r11, pc}
    .size mn_dsp_add_table, . - mn_dsp_add_table

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
