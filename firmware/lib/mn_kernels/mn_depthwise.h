/* SPDX-License-Identifier: Apache-2.0 */
/* DEPTHWISE_CONV_2D, int8, per-channel weights. Layouts: x and y HWC, weights HWC. */
#ifndef MN_DEPTHWISE_H
#define MN_DEPTHWISE_H

#include "mn_model.h"
#include "mn_requant.h"

typedef struct {
    const int8_t *weights;
    const mn_channel *channels; /* out_c of them */
    int16_t in_h, in_w, in_c;
    int16_t out_h, out_w, out_c;
    int16_t kernel_h, kernel_w;
    int16_t stride_h, stride_w;
    int16_t dilation_h, dilation_w;
    int16_t pad_top, pad_left;
    int16_t multiplier; /* output channels per input channel */
    int16_t in_zero_point, out_zero_point;
    int16_t out_min, out_max; /* fused activation */
    int16_t plane_h, plane_w; /* the padded plane of one channel: the area that all its windows cover */
    int16_t exact_finish;     /* DSP form: whether a scale or the clamp needs the general requantization */
    /* Elements from one row and one column of an image to the next. The generator may have exchanged rows and
     * columns, kernel and all, where that makes fewer and longer rows. */
    int32_t x_row, x_column, y_row, y_column;
} mn_depthwise;

/* Portable form, any shape. Scratch, 4-byte aligned: the weights of one channel as words and its plane,
 * 4 * kernel_h * kernel_w + plane_h * plane_w bytes. y may be x when multiplier is 1 and there are no more
 * output pixels than input pixels: each channel is copied before it is written. Always MN_OK. */
mn_status mn_depthwise_s8(const mn_depthwise *p, const int8_t *x, int8_t *scratch, int8_t *y);

/* Portable form without scratch, any shape; not turned. A pixel of y is written while its window of x is read, in order;
 * y may overlap x as in mn_depthwise_pixels_dsp. Always MN_OK. */
mn_status mn_depthwise_direct_s8(const mn_depthwise *p, const int8_t *x, int8_t *y);

/* DSP form without dilation. plane_w is what the windows of out_w columns, rounded up to pairs, reach over, plane_h what
 * those of some rows of outputs do, from one to out_h: so many are taken at a time. Scratch, 4-byte aligned: the plane of
 * int16 and the weights of one channel, 2 * plane_h * plane_w + 8 * kernel_h * (kernel_w / 2 + 1)
 * bytes. y may be x as in the portable form where plane_h is for out_h rows, or where y_row <= x_row and y_column ==
 * x_column: an output then never lies on rows of x that are still to be read. Always MN_OK. */
mn_status mn_depthwise_dsp(const mn_depthwise *p, const int8_t *x, int8_t *scratch, int8_t *y);

/* DSP form for a multiplier of 1 and at least 4 channels, any dilation; not turned. Weights are blocks of four
 * channels, tap by tap; the last block ends with the last channel. Scratch, 4-byte aligned: 4 bytes per tap and in_c
 * bytes. A pixel of y is written while its window of x is read, in order; y may overlap x if it starts far enough
 * before it (micronas/codegen/lowering/overlap.py). Always MN_OK. */
mn_status mn_depthwise_pixels_dsp(const mn_depthwise *p, const int8_t *x, int8_t *scratch, int8_t *y);

/* DSP form for 3x3 windows without dilation, stride_w of 1 or 2, a multiplier of 1 and a multiple of four channels; not
 * turned. Weights are blocks as above. plane_w is what the windows of out_w columns reach over, plane_h what those of some rows of outputs do,
 * from one to out_h: so many are taken at a time. Scratch, 4-byte aligned: 4 * plane_h * plane_w bytes. y may be x where
 * y_row <= x_row and y_column == x_column. Always MN_OK. */
mn_status mn_depthwise_fours_dsp(const mn_depthwise *p, const int8_t *x, int8_t *scratch, int8_t *y);

#endif
