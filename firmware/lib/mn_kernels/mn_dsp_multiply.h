/* SPDX-License-Identifier: Apache-2.0 */
/* Macro of the assembler kernels of first layers: the words of four pixels by the weights of a pair of channels.
 *
 * r1 has two weights 256 * B + A and then those of A. r6-r9 are the sums of A, r10-r12 and lr those of both.
 */
#ifndef MN_DSP_MULTIPLY_H
#define MN_DSP_MULTIPLY_H
#if defined(__ASSEMBLER__)

    .macro multiply a, b, c, d
    smlad   r10, \a, r1, r10
    smlad   r11, \b, r1, r11
    smlad   r12, \c, r1, r12
    smlad   lr, \d, r1, lr
    sxtb16  r1, r1
    smlad   r6, \a, r1, r6
    smlad   r7, \b, r1, r7
    smlad   r8, \c, r1, r8
    smlad   r9, \d, r1, r9
    .endm

#endif
#endif
