/* SPDX-License-Identifier: Apache-2.0 */
/* uint64_t mn_v6m_dot_two(const int8_t *x, const int8_t *w0, const int8_t *w1, int32_t n)
 *
 * mn_dot_two of mn_dot.h for Armv6-M: the sums of x . w0 and x . w1. These cores have eight registers for
 * arithmetic, and load a signed byte only by the sum of two; one index from -n up to 0 serves all three
 * vectors and ends the loop. 33 instructions for 8 products.
 *
 * r0 r1 r2 ends of x, w0, w1   r3 index   r4 r5 sums   r6 x   r7 weight, then product
 */
#if defined(__ARM_ARCH_6M__)

    .syntax unified
    .thumb

    .macro tap
    ldrsb   r6, [r0, r3]
    ldrsb   r7, [r1, r3]
    muls    r7, r6, r7
    adds    r4, r4, r7
    ldrsb   r7, [r2, r3]
    muls    r7, r6, r7
    adds    r5, r5, r7
    adds    r3, r3, #1
    .endm

    .macro vectors_to count
    adds    r0, r0, \count
    adds    r1, r1, \count
    adds    r2, r2, \count
    rsbs    r3, \count, #0
    .endm

    .section .text.mn_v6m_dot_two, "ax"
    .global mn_v6m_dot_two
    .type mn_v6m_dot_two, %function
    .thumb_func
    .align 2
mn_v6m_dot_two:
    push    {r4-r7, lr}
    movs    r4, #0
    movs    r5, #0
    movs    r6, #3
    ands    r6, r6, r3
    mov     r12, r6
    subs    r7, r3, r6
    beq     last_taps
    vectors_to r7
four_taps:
    tap
    tap
    tap
    tap
    bne     four_taps
last_taps:
    mov     r6, r12
    cmp     r6, #0
    beq     done
    vectors_to r6
one_tap:
    tap
    bne     one_tap
done:
    movs    r0, r4
    movs    r1, r5
    pop     {r4-r7, pc}
    .size mn_v6m_dot_two, . - mn_v6m_dot_two

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
