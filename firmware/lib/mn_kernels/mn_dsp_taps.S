/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_taps(const int8_t *const *taps, const int8_t *weights, int32_t channel, int32_t count, int32_t sums[4])
 * void mn_dsp_taps_finish(const int8_t *const *taps, const int8_t *weights, int32_t channel, int32_t count,
 *                         const mn_channel *scales, int8_t *y, int32_t zero_code)
 *
 * See mn_depthwise_pixels_dsp.c. 13 instructions for 4 products, 10 for an output.
 *
 * r0 taps   r1 weights   r2 channel   r3 taps left   r4-r7 sums   r8 r9 four inputs, four weights
 * r10 r11 two of each, as 16-bit halves
 */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_finish.h"

    .syntax unified
    .thumb

    .equ STACKED, 32 /* the fifth argument, behind eight saved registers */

    .macro sum_taps
    movs    r4, #0
    movs    r5, #0
    movs    r6, #0
    movs    r7, #0
1:  ldr     r8, [r0], #4
    ldr     r9, [r1], #4
    ldr     r8, [r8, r2]
    subs    r3, r3, #1
    sxtb16  r11, r9
    sxtb16  r10, r8
    smlabb  r4, r10, r11, r4
    smlatt  r6, r10, r11, r6
    sxtb16  r9, r9, ror #8
    sxtb16  r8, r8, ror #8
    smlabb  r5, r8, r9, r5
    smlatt  r7, r8, r9, r7
    bne     1b
    .endm

    /* r12 scales   r0 zero code   r1 y */
    .macro store_next acc
    ldmia   r12!, {r8-r10} /* bias, multiplier, shift */
    add     \acc, \acc, r8
    lsl     \acc, \acc, #1
    mvn     r10, r10
    lsl     r11, r0, r10
    finish  \acc, r9, r11, r10, r11
    strb    \acc, [r1], #1
    .endm

    .section .text.mn_dsp_taps, "ax"
    .global mn_dsp_taps
    .type mn_dsp_taps, %function
    .thumb_func
    .align 2
mn_dsp_taps:
    push    {r4-r11}
    sum_taps
    ldr     r12, [sp, #STACKED]
    stmia   r12, {r4-r7}
    pop     {r4-r11}
    bx      lr
    .size mn_dsp_taps, . - mn_dsp_taps

    .section .text.mn_dsp_taps_finish, "ax"
    .global mn_dsp_taps_finish
    .type mn_dsp_taps_finish, %function
    .thumb_func
    .align 2
mn_dsp_taps_finish:
    push    {r4-r11}
    sum_taps
    ldr     r12, [sp, #STACKED]
    ldr     r1, [sp, #STACKED + 4]
    ldr     r0, [sp, #STACKED + 8]
    store_next r4
    store_next r5
    store_next r6
    store_next r7
    pop     {r4-r11}
    bx      lr
    .size mn_dsp_taps_finish, . - mn_dsp_taps_finish

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
