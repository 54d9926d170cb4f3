/* SPDX-License-Identifier: Apache-2.0 */
/* Macros of the assembler kernels: from an accumulator to its int8 value. See mn_dsp.h for the arithmetic.
 *
 * `acc` is doubled. `code` is the zero point and the rounding half at the scale before the shift, `shift` the right
 * shift less one. Negative values round down: halves away from 0. `temporary` may be the register of `code`.
 */
#ifndef MN_DSP_FINISH_H
#define MN_DSP_FINISH_H
#if defined(__ASSEMBLER__)

    .macro scale acc, multiplier, code, temporary
    add     \temporary, \code, \acc, asr #31
    smmlar  \acc, \acc, \multiplier, \temporary
    .endm

    .macro finish acc, multiplier, code, shift, temporary
    scale   \acc, \multiplier, \code, \temporary
    asr     \acc, \acc, \shift
    ssat    \acc, #8, \acc, asr #1
    .endm

    .macro shift_two a, b, shift
    asr     \a, \a, \shift
    asr     \b, \b, \shift
    ssat    \a, #8, \a, asr #1
    ssat    \b, #8, \b, asr #1
    .endm

#endif
#endif
