/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_widen_rows(const int8_t *row, int32_t step, uint32_t *to, const mn_dsp_rows *size): see mn_dsp_quads.h.
 *
 * r0 row   r1 step   r2 where words go   r3 where rests go   r4 rows left   r5 words of a row   r6 bytes of its rest
 * r7 within the row   r8 words or bytes left in it   lr a group of rests, shifted in from above   r11 bytes that it
 * lacks   r9 r10 r12 temporary
 */
#if defined(__ARM_FEATURE_DSP)

    .syntax unified
    .thumb

    .section .text.mn_dsp_widen_rows, "ax"
    .global mn_dsp_widen_rows
    .type mn_dsp_widen_rows, %function
    .thumb_func
    .align 2
mn_dsp_widen_rows:
    push    {r4-r11, lr}
    ldmia   r3, {r4-r6}
    mul     r3, r4, r5
    movs    r11, #4 /* bytes until a group of rests is full */
    add     r3, r2, r3, lsl #5
next_row:
    subs    r8, r5, #2
    mov     r7, r0
    add     r0, r0, r1
    blo     last_word
two_words:
    ldr     r9, [r7], #8
    ldr     r10, [r7, #-4]
    subs    r8, r8, #2
    sxtb16  r12, r9
    sxtb16  r9, r9, ror #8
    str     r12, [r2]
    str     r9, [r2, #16]
    sxtb16  r12, r10
    sxtb16  r10, r10, ror #8
    str     r12, [r2, #32]
    str     r10, [r2, #48]
    add     r2, r2, #64
    bhs     two_words
last_word:
    adds    r8, r8, #2
    beq     rest
    ldr     r9, [r7], #4
    sxtb16  r12, r9
    sxtb16  r9, r9, ror #8
    str     r12, [r2]
    str     r9, [r2, #16]
    add     r2, r2, #32
rest:
    movs    r8, r6
    beq     row_done
rest_byte:
    ldrb    r9, [r7], #1
    lsr     lr, lr, #8
    subs    r11, r11, #1
    orr     lr, lr, r9, lsl #24
    beq     rests_full
rest_next:
    subs    r8, r8, #1
    bne     rest_byte
row_done:
    subs    r4, r4, #1
    bne     next_row
    cmp     r6, #0
    beq     done
    cmp     r11, #4
    beq     done
    lsl     r11, r11, #3
    lsr     lr, lr, r11
    sxtb16  r9, lr
    sxtb16  r10, lr, ror #8
    str     r9, [r3]
    str     r10, [r3, #16]
done:
    pop     {r4-r11, pc}
rests_full:
    sxtb16  r9, lr
    sxtb16  r10, lr, ror #8
    str     r9, [r3], #32
    movs    r11, #4
    str     r10, [r3, #-16]
    b       rest_next
    .size mn_dsp_widen_rows, . - mn_dsp_widen_rows

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
