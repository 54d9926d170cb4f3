/* SPDX-License-Identifier: Apache-2.0 */
/* One channel of a depthwise convolution on a separate plane, for the DSP form.
 *
 * A plane holds one channel as int16, with padding as the input's zero point; a row is plane_w long, an
 * even number. Two neighbours make a word, so SMLAD multiplies two taps of a row at once. Two output
 * pixels are computed together. The first starts at a word; its row of weights, packed in pairs, is the
 * "even" form. The second starts stride_w later: at a word again, or in the middle of one, and then its
 * weights are shifted by one tap, the "odd" form.
 *
 * Weights, bias and so sums are doubled: SMMLAR wants twice the sum (mn_dsp_two_pixels.S).
 */
#ifndef MN_DSP_PLANE_H
#define MN_DSP_PLANE_H

#include "mn_depthwise.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* 3x3 windows over a plane. Fields are read by mn_dsp_depthwise_3x3.S at fixed offsets. */
typedef struct {
    int32_t bias; /* doubled */
    int32_t multiplier;
    int32_t code;  /* (2 * zero point of y + 1) << shift */
    int32_t shift; /* right shift less one */
    int8_t *y;
    int32_t y_step; /* from one pixel to the next */
    int32_t unused;
    int32_t rows;      /* of outputs, at least 1 */
    int32_t row_bytes; /* that one row of output pairs moves over the plane */
    int32_t row_skip;  /* from there to the next row */
    int32_t y_skip;    /* added to y after a row */
    int32_t unused2;
    const int16_t *plane[3]; /* rows 0, 1, 2 of the first window */
    uint32_t weights[6];     /* per row of the kernel (w0, w1), (w1, w2), doubled */
} mn_dsp_plane_job;

/* Pairs of outputs with stride 1 or 2 in the row. */
void mn_dsp_depthwise_3x3_s1(const mn_dsp_plane_job *job);
void mn_dsp_depthwise_3x3_s2(const mn_dsp_plane_job *job);

/* One row of output pairs of any window. Fields are read by mn_dsp_depthwise_row.S at fixed offsets. */
typedef struct {
    int32_t bias, multiplier, code, shift; /* as in mn_dsp_plane_job */
    int8_t *y;                             /* advanced */
    int32_t y_step;
    const uint32_t *weights; /* per word of the window: for the first output, for the second; doubled */
    int32_t kernel_h;
    int32_t words;      /* in a row of the kernel */
    int32_t row_gap;    /* bytes from the end of a row of the window to its next */
    int32_t second;     /* bytes from the first output's words to the second's */
    int32_t pair_bytes; /* from a pair's window to the next pair's */
    int32_t pairs;      /* at least 1; counted down */
    const int16_t *window;
} mn_dsp_row_job;

void mn_dsp_depthwise_row(mn_dsp_row_job *job);

static inline uint32_t mn_pack(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;
}

#endif
#endif
