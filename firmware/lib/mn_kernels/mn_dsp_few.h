/* SPDX-License-Identifier: Apache-2.0 */
/* Pointwise convolution of few input channels, for mn_conv2d_few_dsp.
 *
 * All inputs of a quad of pixels are widened once, to the stack. Then the output channels follow pair by pair: their
 * weights, already widened, and all else that a pair takes are one stream of words, so that one pointer serves for
 * both. A pair is, in words:
 *
 *     bias A, bias B;   A and B of the last step;   A and B of each other step, in order;   scale A;   scale B
 *
 * where step 2 g holds the weights of inputs 4 g and 4 g + 2, step 2 g + 1 those of 4 g + 1 and 4 g + 3, as halves.
 *
 * A scale is multiplier and code where the zero point of y is -128 and right shifts are 5 to 11. Weights and biases are
 * then scaled by 2^(13 - shift), so that all sums end alike: the upper word of sum * multiplier, plus the code, is the
 * output times 2^MN_FEW_SHIFT. One rounding of the exact product gives what two roundings give in mn_requant.h: only
 * negative halves differ, and with these the output is the zero point, as for every negative sum.
 * Otherwise (`general`) weights and biases are doubled, and a scale is multiplier, code and shift as in mn_dsp_finish.
 */
#ifndef MN_DSP_FEW_H
#define MN_DSP_FEW_H

#include "mn_conv2d.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

enum { MN_FEW_SHIFT = 12, MN_FEW_CHANNELS = 32 };

/* Quads of pixels. mn_dsp_few.S reads the fields at fixed offsets. */
typedef struct {
    const int8_t *x; /* of the first pixel; advanced by quads */
    int8_t *y;       /* advanced by quads */
    const uint32_t *pairs, *end;
    int32_t x_step, x_quad; /* from a pixel to the next, and from a quad to the next; the latter may be negative */
    int32_t y_step, y_quad;
    int32_t groups;  /* of four input channels, 1 to 8 */
    int32_t quads;   /* at least 1; counted down to 0 */
    int32_t general; /* 0 or 1 */
} mn_dsp_few_job;

void mn_dsp_few(mn_dsp_few_job *job);

#endif
#endif
