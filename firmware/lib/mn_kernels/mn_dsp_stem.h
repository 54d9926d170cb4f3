/* SPDX-License-Identifier: Apache-2.0 */
/* 3x3 convolution of three input channels, from rows that were widened once, for mn_conv2d_stem_dsp.
 *
 * Three rows of the input lie in scratch as int16, column pair by column pair: word w of the row in slot r is word
 * 3 * w + r. Nine neighbours of a row are one row of a window, and they lie in five words of it: a window that begins
 * with a word's upper half takes weights that are moved by one half. Windows that are six halves apart begin with the
 * same half of a word, and share their weights and some of their words.
 */
#ifndef MN_DSP_STEM_H
#define MN_DSP_STEM_H

#include "mn_conv2d.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

enum { MN_STEM_ROWS = 3, MN_STEM_ROW_WORDS = 5, MN_STEM_PIXEL_WORDS = 9, MN_STEM_QUAD_WORDS = 36 };

/* How sums of an output channel become its outputs: `code` and `shift` as in mn_dsp_finish. */
typedef struct {
    int32_t doubled_bias, multiplier, code, shift;
} mn_dsp_stem_scale;

/* A pair of output channels A and B: a kernel's rows of halves 256 * B + A (mn_dsp.h) in their order, and a half of
 * zero before or behind those of a row. */
typedef struct {
    uint32_t weights[MN_STEM_ROWS][MN_STEM_ROW_WORDS];
    mn_dsp_stem_scale scale[2];
} mn_dsp_stem_pair;

/* Some pairs of output channels of a row's quads of pixels, from `x` to `end`. mn_dsp_stem.S reads the fields at fixed
 * offsets. */
typedef struct {
    mn_dsp_stem_pair *pair; /* advanced */
    int32_t rows[3];        /* bytes from the kernel's first row to those of slots 0 to 2 */
    const uint32_t *x, *end;
    int8_t *y;     /* advanced */
    int32_t step;  /* from a pixel to the next */
    int32_t pairs; /* counted down to -1 */
    int32_t exact; /* 1: nothing is written but the sums of the first quad, A's and then B's */
    int32_t sums[8];
} mn_dsp_stem_job;

void mn_dsp_stem(mn_dsp_stem_job *job);

#endif
#endif
