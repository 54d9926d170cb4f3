/* SPDX-License-Identifier: Apache-2.0 */
/* 3x3 convolution with stride 1 by tiles of 2x2 outputs, with 16 multiplications per tile, input and output channel in
 * place of 36: Winograd's F(2x2, 3x3) (Lavin and Gray, Fast algorithms for convolutional neural networks, 2015).
 *
 * With d the 4x4 inputs under a tile and g a kernel, both transformed as below, four times the tile's outputs are sums
 * and differences of the 16 products, summed over input channels. All numbers are integers, so a sum is exactly that of
 * the plain convolution: the factors of one half in the published transform of g are taken out at the end.
 *
 *     rows of d, and then its columns:  d0 - d2,  d1 + d2,  d2 - d1,  d1 - d3                        (at most 4 * 128)
 *     rows of g, and then its columns:  g0,  g0 + g1 + g2,  g0 - g1 + g2,  g2                        (at most 9 * 127)
 *     rows of the products, and then their columns:  2 m0 + m1 + m2,  m1 - m2 - 2 m3         (4 * the tile's outputs)
 */
#ifndef MN_DSP_TILES_H
#define MN_DSP_TILES_H

#include "mn_conv2d.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

enum {
    MN_TILE_POINTS = 16,
    MN_TILE_PAIR_WORDS = 4 * MN_TILE_POINTS,   /* two input channels of a quad of tiles: four words per point */
    MN_KERNEL_PAIR_WORDS = 2 * MN_TILE_POINTS, /* of a pair of output channels: a word of each per point */
    MN_TILE_SUMS = 8                           /* per point: the first output channel of four tiles, then the second */
};

/* How sums of an output channel become its outputs: `code` and `shift` as in mn_dsp_finish. */
typedef struct {
    int32_t doubled_bias, multiplier, code, shift;
} mn_dsp_tile_scale;

/* Where a tile's outputs go: so many bytes from the first output of the image, and from there to its neighbours. Over
 * the lower and right edge, these are 0: what is outside is written first, and over it what is inside. */
typedef struct {
    int32_t first, down, right;
} mn_dsp_tile_place;

/* A pair of output channels of tiles, which lie quad by quad. mn_dsp_tiles.S reads the fields at fixed offsets. Words
 * of tiles and kernels hold channels 0 and 2 of a group of four, or 1 and 3, as in mn_dsp.h. */
typedef struct {
    const uint32_t *tiles, *kernels;
    int32_t *sums;             /* room for MN_TILE_SUMS for each point */
    int32_t groups;            /* of four input channels, at least 2 */
    mn_dsp_tile_place *places; /* of each tile; they move to the next channel as outputs are written */
    mn_dsp_tile_place *end;
    int8_t *y;
    int32_t exact; /* 1: the general requantization follows, and only the sums of the first quad are computed */
    mn_dsp_tile_scale scale[2];
} mn_dsp_tiles_job;

void mn_dsp_tiles(const mn_dsp_tiles_job *job);

/* 4x4 inputs of `step` channels, a multiple of 4, transformed to one tile of a quad. Rows are `line` bytes apart,
 * columns `step`. */
void mn_dsp_tile_inputs(const int8_t *from, int32_t line, int32_t step, uint32_t *to);

#endif
#endif
