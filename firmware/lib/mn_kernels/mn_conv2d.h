/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D, int8, per-channel weights. Layouts: x and y HWC, weights OHWI (see each kernel for packing). */
#ifndef MN_CONV2D_H
#define MN_CONV2D_H

#include "mn_model.h"
#include "mn_requant.h"

typedef struct {
    const int8_t *weights;
    const mn_channel *channels; /* out_c of them, padded to what the kernel packs together */
    int16_t in_h, in_w, in_c;
    int16_t out_h, out_w, out_c;
    int16_t groups; /* number of separate convolutions of the input and output channels */
    int16_t kernel_h, kernel_w;
    int16_t stride_h, stride_w;
    int16_t dilation_h, dilation_w;
    int16_t pad_top, pad_left;
    int16_t in_zero_point, out_zero_point;
    int16_t out_min, out_max; /* fused activation */
    /* DSP forms: terms are padded to segments * segment_groups * 4 (mn_dsp.h). exact_finish is 1 when a
     * channel's scale or the clamp needs the general requantization. */
    int16_t segment_groups, segments, exact_finish;
} mn_conv2d;

/* A convolution and how many quads of pixels its block forms take at a time, at least 1. */
typedef struct {
    mn_conv2d conv;
    int16_t quads;
} mn_conv2d_block;

/* A convolution and how many rows of tiles mn_conv2d_tiles_dsp takes at a time, at least 1. */
typedef struct {
    mn_conv2d conv;
    int16_t rows;
} mn_conv2d_tiles;

/* A convolution of one input channel, and how the mn_conv2d_lines kernels take it: `lines` lines of outputs at a time,
 * at least 1, which are columns if `is_vertical` is 1 (then all columns), else rows; words hold neighbours across the
 * lines if `pairs_across` is 1, else along them. */
typedef struct {
    mn_conv2d conv;
    int16_t lines, is_vertical, pairs_across;
} mn_conv2d_lines;

/* Outputs are written in order, one pixel (DSP forms: two pixels, or a block) after the windows of these were read;
 * the 1x1 forms go backwards if out_c > in_c. y may therefore overlap x where it lies far enough before it, or behind
 * it: the generator computes how far (micronas/codegen/lowering/overlap.py). Otherwise x and y must not overlap. */

/* Portable form, any shape. Scratch: kernel_h * kernel_w * in_c / groups bytes. Always MN_OK. */
mn_status mn_conv2d_s8(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y);

/* Portable form for 1x1 kernels with stride 1 and one group. Scratch: in_c bytes. Always MN_OK. */
mn_status mn_conv2d_1x1_s8(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y);

/* Portable form without scratch, any shape. A pixel of y is written while its window of x is read. Always MN_OK. */
mn_status mn_conv2d_direct_s8(const mn_conv2d *p, const int8_t *x, int8_t *y);

/* DSP forms: weights packed as in mn_dsp.h, of a window first the whole words of its rows, then what remains of each;
 * channels padded to an even number, groups == 1. Scratch,
 * 4-byte aligned: 4 bytes per padded term for mn_conv2d_1x1_dsp, 5 and 4 bytes more for mn_conv2d_dsp.
 * Always MN_OK. */
mn_status mn_conv2d_dsp(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y);
mn_status mn_conv2d_1x1_dsp(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y);

/* The same by blocks of 4 * quads pixels, which need more scratch and fewer reads of the weights. Scratch, 4-byte
 * aligned: 32 bytes per quad and group of four padded terms, 8 bytes per group if quads > 1, and for
 * mn_conv2d_block_dsp 4 bytes per group and 4 more. Always MN_OK. */
mn_status mn_conv2d_block_dsp(const mn_conv2d_block *block, const int8_t *x, int8_t *scratch, int8_t *y);
mn_status mn_conv2d_1x1_block_dsp(const mn_conv2d_block *block, const int8_t *x, int8_t *scratch, int8_t *y);

/* 3x3 kernels with stride 1, no dilation, in_c a multiple of 4 from 8 to 128 and an even out_c, with weights as for the
 * other DSP forms: by tiles of 2x2 outputs (mn_dsp_tiles.h). All windows of `rows` rows of tiles are read before their
 * outputs are written. Scratch, 4-byte aligned: 128 * in_c + 48 bytes for every four tiles of `rows` rows, 64 * in_c
 * and the larger of 512 and 18 * in_c. Always MN_OK. */
mn_status mn_conv2d_tiles_dsp(const mn_conv2d_tiles *by_tiles, const int8_t *x, int8_t *scratch, int8_t *y);

/* 3x3 kernels of three input channels with strides of 1 or 2, no dilation, an even out_c and at least four pixels in a
 * row, eight with a stride_w of 1; weights as for the other DSP forms: each row of the input is widened once. All
 * windows of a row are read before its outputs are written. Scratch, 4-byte aligned: 12 bytes for each of the 5 + H / 2
 * words of a row, with H = 3 * (out_w - 1) * stride_w and one more if pad_left is odd, and 46 bytes for each output
 * channel, twice that with a stride_w of 1. Always MN_OK. */
mn_status mn_conv2d_stem_dsp(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y);

/* 1x1 kernels of 4 to 32 input channels, a multiple of 4, and an even out_c; with a stride above 1, out_w is a multiple
 * of 4. Weights as for the other DSP forms: all inputs of four pixels are read before their outputs are written
 * (mn_dsp_few.h), in the order of the other forms. Scratch, 4-byte aligned: 4 * (in_c + 8) bytes for every two output
 * channels and 4 bytes for each. Always MN_OK. */
mn_status mn_conv2d_few_dsp(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y);

/* Kernels of one input channel, no dilation, an even out_c, weights as for the other DSP forms: each input is widened
 * once for each word of a window that begins with it (mn_dsp_lines.h). The name has the chains and the taps of each: K
 * across a line and L along it need K <= chains and L <= 2 * taps, or with `pairs_across` K <= 2 * chains and L <= taps.
 * Along a line strides are 1 or 2, with `pairs_across` 1, and there are at least four outputs, eight with a stride of 1
 * and without `pairs_across`. All windows of the lines at a time are read before their outputs are written. Scratch,
 * 4-byte aligned: 4 * chains bytes for each of N + taps - 1 words of a line of N outputs, and taps - 1 words more with a
 * stride of 1 and without `pairs_across`. Always MN_OK. */
mn_status mn_conv2d_lines_1x5_dsp(const mn_conv2d_lines *p, const int8_t *x, int8_t *scratch, int8_t *y);
mn_status mn_conv2d_lines_1x8_dsp(const mn_conv2d_lines *p, const int8_t *x, int8_t *scratch, int8_t *y);
mn_status mn_conv2d_lines_2x3_dsp(const mn_conv2d_lines *p, const int8_t *x, int8_t *scratch, int8_t *y);
mn_status mn_conv2d_lines_3x2_dsp(const mn_conv2d_lines *p, const int8_t *x, int8_t *scratch, int8_t *y);
mn_status mn_conv2d_lines_3x5_dsp(const mn_conv2d_lines *p, const int8_t *x, int8_t *scratch, int8_t *y);
mn_status mn_conv2d_lines_4x5_dsp(const mn_conv2d_lines *p, const int8_t *x, int8_t *scratch, int8_t *y);

#endif
