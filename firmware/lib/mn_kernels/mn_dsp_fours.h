/* SPDX-License-Identifier: Apache-2.0 */
/* Four channels of a depthwise 3x3 convolution at a time, for mn_depthwise_fours_dsp.
 *
 * A strip holds four neighbouring channels of some padded rows of the input, a word for each pixel. Weights are widened
 * as SXTB16 widens a word of the strip: channels 0 and 2, channels 1 and 3. SMLABB and SMLATT then add one tap of a
 * channel each. Weights, biases and so sums are doubled: SMMLAR wants twice the sum (mn_dsp_two_pixels.S).
 */
#ifndef MN_DSP_FOURS_H
#define MN_DSP_FOURS_H

#include "mn_depthwise.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* How a channel ends: the short requantization of mn_dsp.h. */
typedef struct {
    int32_t multiplier, code, shift; /* right shift less one */
} mn_dsp_scale;

/* Fields are read by mn_dsp_depthwise_fours.S at fixed offsets. */
typedef struct {
    uint32_t weights[18]; /* per tap: channels 0 and 2, 1 and 3 */
    int32_t bias[4];
    mn_dsp_scale scales[4];
    const uint32_t *window; /* the first one's upper left word */
    int8_t *y;
    int32_t row_bytes; /* of the strip */
    int32_t step;      /* bytes from a window to the next; of pairs, from the last row of one to the next pair's first */
    int32_t y_step;
    int32_t columns;  /* of outputs, or pairs of them; at least 1 */
    int32_t row_skip; /* bytes from past a row's last window to the next row's first */
    int32_t y_skip;
    int32_t rows; /* of outputs, at least 1; counted down */
    int32_t left; /* for the pairs' loop */
} mn_dsp_fours_job;

/* Columns one by one; and pairs of neighbours, which share the reads of weights and scales, with stride 1 or 2 in the
 * row. All of them advance y. */
void mn_dsp_depthwise_fours(mn_dsp_fours_job *job);
void mn_dsp_depthwise_fours_s1(mn_dsp_fours_job *job);
void mn_dsp_depthwise_fours_s2(mn_dsp_fours_job *job);

#endif
#endif
