/* SPDX-License-Identifier: Apache-2.0 */
/* void mn_dsp_tiles(const mn_dsp_tiles_job *job): see mn_dsp_tiles.h for the job and for the transforms.
 *
 * Products:  r0 tiles   r1 kernels   r2-r5 sums of four tiles (channel A)   r6-r9 the same (channel B)
 *            r10 r11 kernels of A and B   r12 lr tiles
 * Outputs:   r0 sums   r1 scale   r2-r5 upper row   r6-r9 lower row   r10 doubled bias   r11 multiplier   r12 code
 *            lr shift
 *
 * Single loads stand side by side: the second of two neighbours takes one cycle on a Cortex-M4. A point's first group
 * begins the sums. The loop takes four, and its first turn those that are left over. What runs again and again is
 * kept below 1 KB, so that it stays in the cache of an STM32's flash.
 */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_finish.h"

    .syntax unified
    .thumb

    /* The job: */
    .equ KERNELS, 4
    .equ SUMS, 8
    .equ GROUPS, 12
    .equ PLACES, 16
    .equ EXACT, 28
    .equ SCALE, 32
    .equ SCALE_END, 64
    /* The frame: */
    .equ ENTRY, 0
    .equ END, 4        /* of the kernels at this point */
    .equ AT, 8         /* this point's sums */
    .equ BACK, 12      /* from the last turn's tiles to the first one's at the next point */
    .equ SUMS_END, 16
    .equ JOB, 20
    .equ TILES, 24     /* of the next quad */
    .equ PLACE, 28
    .equ PLACES_END, 32
    .equ Y, 36
    .equ QUAD_STEP, 40 /* from the tiles at the last point's end to the next quad's */
    .equ FIRST, 44     /* where the first turn begins */
    .equ BIAS, 48      /* and how far behind the first group's tiles */
    .equ FRAME, 52
    .equ GROUP_CODE, 112
    .equ SUMS_BYTES, 16 * 32
    .equ SECOND, 16    /* bytes from the first channel's sums to the second's */

    .macro load kernel, tile
    ldr     r10, [r1, #\kernel]
    ldr     r11, [r1, #\kernel + 4]
    ldr     r12, [r0, #\tile]
    ldr     lr, [r0, #\tile + 4]
    .endm

    .macro first_half kernel, tile
    load    \kernel, \tile
    smuad   r2, r12, r10
    smuad   r3, lr, r10
    smuad   r6, r12, r11
    smuad   r7, lr, r11
    ldr     r12, [r0, #\tile + 8]
    ldr     lr, [r0, #\tile + 12]
    smuad   r4, r12, r10
    smuad   r5, lr, r10
    smuad   r8, r12, r11
    smuad   r9, lr, r11
    .endm

    .macro half kernel, tile
    load    \kernel, \tile
    smlad   r2, r12, r10, r2
    smlad   r3, lr, r10, r3
    smlad   r6, r12, r11, r6
    smlad   r7, lr, r11, r7
    ldr     r12, [r0, #\tile + 8]
    ldr     lr, [r0, #\tile + 12]
    smlad   r4, r12, r10, r4
    smlad   r5, lr, r10, r5
    smlad   r8, r12, r11, r8
    smlad   r9, lr, r11, r9
    .endm

    .macro column at, upper, lower
    ldr     \upper, [r0, #\at]
    ldr     r10, [r0, #\at + 128]
    ldr     r11, [r0, #\at + 256]
    ldr     \lower, [r0, #\at + 384]
    add     \upper, r10, \upper, lsl #1
    add     \upper, \upper, r11
    sub     \lower, r10, \lower, lsl #1
    sub     \lower, \lower, r11
    .endm

    /* From four times the plain sum to the output. */
    .macro output acc
    add     \acc, r10, \acc, asr #1
    finish  \acc, r11, r12, lr, r3
    .endm

    .section .text.mn_dsp_tiles, "ax"
    .global mn_dsp_tiles
    .type mn_dsp_tiles, %function
    .thumb_func
    .align 5
mn_dsp_tiles:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    str     r0, [sp, #JOB]
    ldr     r2, [r0, #SUMS]
    ldr     r3, [r0, #GROUPS]
    ldr     r4, [r0, #PLACES]
    ldr     r5, [r0, #PLACES + 4]
    ldr     r6, [r0, #PLACES + 8]
    add     r2, r2, #SUMS_BYTES
    str     r2, [sp, #SUMS_END]
    str     r4, [sp, #PLACE]
    str     r5, [sp, #PLACES_END]
    str     r6, [sp, #Y]
    lsl     r4, r3, #9
    sub     r4, r4, #256
    str     r4, [sp, #QUAD_STEP]
    rsb     r5, r3, #1
    and     r5, r5, #3 /* groups that the first turn leaves out */
    adr     r6, four_groups
    movs    r7, #GROUP_CODE
    mla     r6, r5, r7, r6
    orr     r6, r6, #1
    rsb     r7, r5, #1
    lsl     r7, r7, #9
    str     r6, [sp, #FIRST]
    str     r7, [sp, #BIAS]
    cmp     r5, #1
    it      ne
    adrne   r6, other_groups
    orr     r6, r6, #1
    str     r6, [sp, #ENTRY]
    subs    r3, r3, #4
    lsl     r3, r3, #9
    sub     r3, r3, #16
    str     r3, [sp, #BACK]
    ldr     r0, [r0]
next_quad:
    ldr     r4, [sp, #JOB]
    ldr     r5, [sp, #BACK]
    ldr     r1, [r4, #KERNELS]
    ldr     r2, [r4, #SUMS]
    add     r5, r1, r5, asr #1
    add     r5, r5, #8
    str     r2, [sp, #AT]
    str     r5, [sp, #END]
next_point:
    first_half 0, 0
    half    128, 256
    ldr     r10, [sp, #ENTRY]
    bx      r10
    .align 2
other_groups: /* those behind the first do not begin with the turn's second */
    ldr     r10, [sp, #BIAS]
    ldr     r11, [sp, #FIRST]
    add     r0, r0, r10
    add     r1, r1, r10, asr #1
    bx      r11
next_turn:
    add     r0, r0, #2048
    add     r1, r1, #1024
    .align 2
four_groups:
    half    0, 0
    half    128, 256
    .if . - four_groups - GROUP_CODE
    .error "a group's code has another length"
    .endif
second_group:
    half    256, 512
    half    384, 768
    half    512, 1024
    half    640, 1280
    half    768, 1536
    half    896, 1792
    ldr     r10, [sp, #END]
    ldr     r11, [sp, #AT]
    cmp     r1, r10
    bne     next_turn
    ldr     r12, [sp, #BACK]
    ldr     lr, [sp, #SUMS_END]
    add     r10, r10, #8
    stmia   r11!, {r2-r9}
    sub     r0, r0, r12
    sub     r1, r1, r12, asr #1
    cmp     r11, lr
    str     r10, [sp, #END]
    str     r11, [sp, #AT]
    bne     next_point

    ldr     r10, [sp, #JOB]
    ldr     r11, [sp, #QUAD_STEP]
    ldr     r12, [r10, #EXACT]
    add     r0, r0, r11
    str     r0, [sp, #TILES]
    cmp     r12, #0
    bne     leave
    ldr     r0, [r10, #SUMS]
    add     r1, r10, #SCALE
next_channel:
    column  0, r2, r6
    column  32, r3, r7
    column  64, r4, r8
    column  96, r5, r9
    ldr     r10, [r1]
    ldr     r11, [r1, #4]
    ldr     r12, [r1, #8]
    ldr     lr, [r1, #12]
    adds    r1, r1, #16
    sub     r9, r7, r9, lsl #1
    add     r6, r7, r6, lsl #1
    sub     r5, r3, r5, lsl #1
    add     r2, r3, r2, lsl #1
    sub     r9, r9, r8
    add     r6, r6, r8
    sub     r5, r5, r4
    add     r2, r2, r4
    output  r9
    output  r6
    output  r5
    output  r2
    ldr     r10, [sp, #PLACE]
    ldr     r11, [sp, #Y]
    ldr     r12, [sp, #JOB]
    ldr     r4, [r10]
    ldr     r7, [r10, #4]
    ldr     r8, [r10, #8]
    add     r11, r11, r4
    adds    r4, r4, #1
    add     r7, r7, r11
    add     r12, r12, #SCALE_END
    str     r4, [r10], #12
    cmp     r1, r12
    strb    r9, [r7, r8]
    strb    r6, [r7]
    strb    r5, [r11, r8]
    strb    r2, [r11]
    add     r0, r0, #SECOND
    bne     next_channel
    ldr     r11, [sp, #PLACES_END]
    ldr     r12, [sp, #SUMS_END]
    subs    r1, r1, #32
    subs    r0, r0, #2 * SECOND - 4
    str     r10, [sp, #PLACE]
    cmp     r10, r11
    beq     leave
    sub     r12, r12, #SUMS_BYTES - SECOND
    cmp     r0, r12
    bne     next_channel
    ldr     r0, [sp, #TILES]
    b       next_quad
leave:
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .size mn_dsp_tiles, . - mn_dsp_tiles

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
