/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_dot4(const int8_t *x, const int8_t *pair0, const int8_t *pair1, int32_t groups, int32_t sums[4])
 *
 * One vector against four rows of weights, packed in pairs as in mn_dsp.h: sums = A0, B0, A1, B1. x is widened as it
 * is read. 17 instructions for 16 products.
 *
 * r0 x   r1 r2 weights   r3 r4 S and R of pair 0   r5 r6 of pair 1
 * r7 r8 inputs   r9-r12 weight words   lr unpacked weights
 */
#if defined(__ARM_FEATURE_DSP)

    .syntax unified
    .thumb

    .equ UNROLLED_END, 0
    .equ END, 4
    .equ FRAME, 12
    .equ SUMS, FRAME + 36

    .macro half x, w0, w1
    sxtb16  lr, \w0
    smlad   r4, \x, \w0, r4
    smlad   r3, \x, lr, r3
    sxtb16  lr, \w1
    smlad   r6, \x, \w1, r6
    smlad   r5, \x, lr, r5
    .endm

    .macro group
    ldr     r7, [r0], #4
    ldrd    r9, r10, [r1], #8
    ldrd    r11, r12, [r2], #8
    sxtb16  r8, r7, ror #8
    sxtb16  r7, r7
    half    r7, r9, r11
    half    r8, r10, r12
    .endm

    .section .text.mn_dsp_dot4, "ax"
    .global mn_dsp_dot4
    .type mn_dsp_dot4, %function
    .thumb_func
    .align 2
mn_dsp_dot4:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    add     r4, r0, r3, lsl #2
    str     r4, [sp, #END]
    bic     r3, r3, #3
    add     r4, r0, r3, lsl #2
    str     r4, [sp, #UNROLLED_END]
    movs    r3, #0
    movs    r4, #0
    movs    r5, #0
    movs    r6, #0
    ldr     lr, [sp, #UNROLLED_END]
    cmp     r0, lr
    beq     last_groups
four_groups:
    group
    group
    group
    group
    ldr     lr, [sp, #UNROLLED_END]
    cmp     r0, lr
    bne     four_groups
last_groups:
    ldr     lr, [sp, #END]
    cmp     r0, lr
    beq     done
    group
    b       last_groups
done:
    sub     r4, r4, r3
    sub     r6, r6, r5
    asr     r4, r4, #8
    asr     r6, r6, #8
    ldr     lr, [sp, #SUMS]
    stmia   lr, {r3-r6}
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .size mn_dsp_dot4, . - mn_dsp_dot4

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
