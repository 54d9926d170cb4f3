/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_tile_inputs(const int8_t *from, int32_t line, int32_t step, uint32_t *to): see mn_dsp_tiles.h.
 *
 * r0 from   r1 line   r2 step   r3 to   r4 temporary   r5-r8 second row (later less the fourth)
 * r9-r12 third row (later the first less it)   lr 3 * step; r1, r2 and lr are temporary in between
 */
#if defined(__ARM_FEATURE_DSP)

    .syntax unified
    .thumb

    .equ LINE, 0
    .equ STEP, 4
    .equ STEP3, 8
    .equ END, 12
    .equ FRAME, 16
    .equ PAIR, 256 /* bytes of two channels of a quad */

    .macro widen register, rotation
    .if \rotation
    sxtb16  \register, \register, ror #8
    .else
    sxtb16  \register, \register
    .endif
    .endm

    .macro load_row a, b, c, d, rotation
    ldr     \a, [r4]
    ldr     \b, [r4, r2]
    ldr     \c, [r4, r2, lsl #1]
    ldr     \d, [r4, lr]
    widen   \a, \rotation
    widen   \b, \rotation
    widen   \c, \rotation
    widen   \d, \rotation
    .endm

    /* Columns of sums or differences of the second and third row. */
    .macro put_both combine, at
    \combine r4, r9, r5
    \combine r1, r11, r7
    \combine r2, r10, r6
    \combine lr, r12, r8
    ssub16  r4, r4, r1
    str     r4, [r3, #\at]
    sadd16  r4, r2, r1
    ssub16  r1, r1, r2
    ssub16  r2, r2, lr
    str     r4, [r3, #\at + 16]
    str     r1, [r3, #\at + 32]
    str     r2, [r3, #\at + 48]
    .endm

    .macro put_row a, b, c, d, at
    ssub16  \a, \a, \c
    sadd16  r4, \b, \c
    ssub16  \c, \c, \b
    ssub16  \d, \b, \d
    str     \a, [r3, #\at]
    str     r4, [r3, #\at + 16]
    str     \c, [r3, #\at + 32]
    str     \d, [r3, #\at + 48]
    .endm

    .macro pair to, rotation
    add     r4, r0, r1
    load_row r5, r6, r7, r8, \rotation
    add     r4, r4, r1
    load_row r9, r10, r11, r12, \rotation
    put_both sadd16, \to + 64
    put_both ssub16, \to + 128
    ldr     r1, [sp, #LINE]
    ldr     r2, [sp, #STEP]
    ldr     lr, [sp, #STEP3]
    add     r4, r0, r1, lsl #1
    add     r4, r4, r1
    subtract r5, r6, r7, r8, \rotation, 0
    mov     r4, r0
    subtract r9, r10, r11, r12, \rotation, 1
    put_row r5, r6, r7, r8, \to + 192
    put_row r9, r10, r11, r12, \to
    ldr     r1, [sp, #LINE]
    .endm

    .macro less row, rotation, reverse
    widen   r1, \rotation
    .if \reverse
    ssub16  \row, r1, \row
    .else
    ssub16  \row, \row, r1
    .endif
    .endm

    /* A row less the one that r4 points to, or that one less the row; r1 is temporary. */
    .macro subtract a, b, c, d, rotation, reverse
    ldr     r1, [r4]
    less    \a, \rotation, \reverse
    ldr     r1, [r4, r2]
    less    \b, \rotation, \reverse
    ldr     r1, [r4, r2, lsl #1]
    less    \c, \rotation, \reverse
    ldr     r1, [r4, lr]
    less    \d, \rotation, \reverse
    .endm

    .section .text.mn_dsp_tile_inputs, "ax"
    .global mn_dsp_tile_inputs
    .type mn_dsp_tile_inputs, %function
    .thumb_func
    .align 3
mn_dsp_tile_inputs:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    add     lr, r2, r2, lsl #1
    add     r4, r0, r2
    str     r1, [sp, #LINE]
    str     r2, [sp, #STEP]
    str     lr, [sp, #STEP3]
    str     r4, [sp, #END]
next_group:
    pair    0, 0
    pair    PAIR, 1
    ldr     r4, [sp, #END]
    adds    r0, r0, #4
    add     r3, r3, #2 * PAIR
    cmp     r0, r4
    bne     next_group
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .size mn_dsp_tile_inputs, . - mn_dsp_tile_inputs

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
