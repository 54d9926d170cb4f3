/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D, 3x3 with stride 1, by tiles of 2x2 outputs (mn_dsp_tiles.h). */
#include "mn_conv2d.h"
#include "mn_dsp_tiles.h"

#if defined(__ARM_FEATURE_DSP)

enum { TAPS = 9, SIDE = 4, WORD = sizeof(uint32_t) };

/* The 4x4 inputs at (first_y, first_x), padding as the zero point, where some of them are padding. */
static __attribute__((noinline)) void gather_tile(const mn_conv2d *p, const int8_t *x, int32_t first_y,
                                                  int32_t first_x, int8_t *patch)
{
    const uint32_t fill = 0x01010101u * (uint8_t)p->in_zero_point;
    for (int32_t i = 0; i < SIDE * SIDE; i++) {
        const int32_t y = first_y + i / SIDE, column = first_x + i % SIDE;
        const int is_inside = y >= 0 && y < p->in_h && column >= 0 && column < p->in_w;
        const int8_t *from = x + (y * p->in_w + column) * p->in_c;
        for (int32_t k = 0; k < p->in_c; k += WORD, patch += WORD) {
            if (is_inside) {
                memcpy(patch, from + k, WORD);
            } else {
                memcpy(patch, &fill, WORD);
            }
        }
    }
}

static inline __attribute__((always_inline)) void put_kernel_row(uint32_t a, uint32_t b, uint32_t c, uint32_t *to)
{
    const uint32_t outer = mn_sadd16(a, c);
    to[0] = a;
    to[2] = mn_sadd16(outer, b);
    to[4] = mn_ssub16(outer, b);
    to[6] = c;
}

static inline __attribute__((always_inline)) void transform_kernel(const uint32_t g[TAPS], uint32_t *to)
{
    uint32_t outer[3];
    for (int i = 0; i < 3; i++) {
        outer[i] = mn_sadd16(g[i], g[6 + i]);
    }
    put_kernel_row(g[0], g[1], g[2], to);
    put_kernel_row(mn_sadd16(outer[0], g[3]), mn_sadd16(outer[1], g[4]), mn_sadd16(outer[2], g[5]), to + 8);
    put_kernel_row(mn_ssub16(outer[0], g[3]), mn_ssub16(outer[1], g[4]), mn_ssub16(outer[2], g[5]), to + 16);
    put_kernel_row(g[6], g[7], g[8], to + 24);
}

/* All input channels of a pair of output channels A and B, from halves 256 * B + A (mn_dsp.h). They are copied first: a
 * flash delivers neighbours together, and those of a kernel lie apart. */
static __attribute__((noinline)) void transform_kernels(const int8_t *weights, int32_t in_c, int8_t *copy, uint32_t *to)
{
    for (int32_t i = 0; i < 2 * TAPS * in_c; i += 2 * WORD) {
        const uint32_t first = mn_load4(weights + i), second = mn_load4(weights + i + WORD);
        memcpy(copy + i, &first, WORD);
        memcpy(copy + i + WORD, &second, WORD);
    }
    for (int32_t left = in_c; left > 0; left -= 2, copy += WORD, to += MN_KERNEL_PAIR_WORDS) {
        uint32_t g[TAPS];
        for (int i = 0; i < TAPS; i++) {
            g[i] = mn_sxtb16(mn_load4(copy + 2 * i * in_c));
        }
        transform_kernel(g, to);
        for (int i = 0; i < TAPS; i++) {
            const uint32_t both = mn_load4(copy + 2 * i * in_c);
            g[i] = mn_sxtb16_odd(mn_ssub16(both, mn_sxtb16(both)));
        }
        transform_kernel(g, to + 1);
    }
}

static mn_dsp_tile_scale scale_of(const mn_conv2d *p, const mn_channel *c)
{
    const mn_dsp_tile_scale scale = {2 * c->bias, c->multiplier, mn_dsp_code(p->out_zero_point, c->shift),
                                     -c->shift - 1};
    return scale;
}

/* Four times a channel's outputs of a tile, from its sums. */
static void transform_sums(const int32_t *sums, int32_t to[SIDE])
{
    int32_t upper[SIDE], lower[SIDE];
    for (int i = 0; i < SIDE; i++) {
        const int32_t *const m = sums + i * MN_TILE_SUMS;
        const int32_t b = m[SIDE * MN_TILE_SUMS], c = m[2 * SIDE * MN_TILE_SUMS];
        upper[i] = 2 * m[0] + b + c;
        lower[i] = b - c - 2 * m[3 * SIDE * MN_TILE_SUMS];
    }
    to[0] = 2 * upper[0] + upper[1] + upper[2];
    to[1] = upper[1] - upper[2] - 2 * upper[3];
    to[2] = 2 * lower[0] + lower[1] + lower[2];
    to[3] = lower[1] - lower[2] - 2 * lower[3];
}

/* The outputs of up to four tiles by the general requantization. */
static __attribute__((noinline)) void finish_exactly(const mn_conv2d *p, const int32_t *sums, const mn_channel *pair,
                                                     mn_dsp_tile_place *at, const mn_dsp_tile_place *end, int8_t *y)
{
    for (; at < end; at++, sums++) {
        for (int channel = 0; channel < 2; channel++, at->first++) {
            const mn_channel *const c = pair + channel;
            int32_t quadruples[SIDE];
            transform_sums(sums + SIDE * channel, quadruples);
            for (int i = SIDE - 1; i >= 0; i--) {
                y[at->first + i / 2 * at->down + i % 2 * at->right] =
                    mn_finish((quadruples[i] >> 2) + c->bias, c->multiplier, c->shift, p->out_zero_point, p->out_min,
                              p->out_max);
            }
        }
    }
}

/* What a block of tiles has in scratch: quads of them, where they go, a pair's kernels, and a quad's sums, in whose
 * place weights are copied before. */
typedef struct {
    uint32_t *tiles;
    mn_dsp_tile_place *places, *end;
    uint32_t *kernels;
    int32_t *sums;
} block;

static block block_at(const mn_conv2d *p, int32_t tiles, int8_t *scratch)
{
    const int32_t quads = (tiles + 3) / 4;
    block b;
    b.tiles = (uint32_t *)(void *)scratch;
    b.places = b.end = (mn_dsp_tile_place *)(void *)(b.tiles + quads * (p->in_c / 2) * MN_TILE_PAIR_WORDS);
    b.kernels = (uint32_t *)(void *)(b.places + 4 * quads);
    b.sums = (int32_t *)(void *)(b.kernels + p->in_c / 2 * MN_KERNEL_PAIR_WORDS);
    return b;
}

/* The tile at (first_y, first_x) to its lane of a quad. */
static __attribute__((noinline)) void transform_tile(const mn_conv2d *p, const int8_t *x, int32_t first_y,
                                                     int32_t first_x, int8_t *patch, uint32_t *to)
{
    const int32_t in_c = p->in_c, line = p->in_w * in_c;
    if (first_y < 0 || first_x < 0 || first_y + SIDE > p->in_h || first_x + SIDE > p->in_w) {
        gather_tile(p, x, first_y, first_x, patch);
        mn_dsp_tile_inputs(patch, SIDE * in_c, in_c, to);
    } else {
        mn_dsp_tile_inputs(x + first_y * line + first_x * in_c, line, in_c, to);
    }
}

/* Rows of tiles from `row` to `end`. */
static void transform_tiles(const mn_conv2d *p, const int8_t *x, int32_t row, int32_t end, const block *to)
{
    const int32_t next_quad = p->in_c / 2 * MN_TILE_PAIR_WORDS - 3;
    uint32_t *lane = to->tiles;
    for (int32_t number = 0; row < end; row++) {
        for (int32_t column = 0; 2 * column < p->out_w; column++) {
            transform_tile(p, x, 2 * row - p->pad_top, 2 * column - p->pad_left, (int8_t *)to->kernels, lane);
            lane += ++number % 4 == 0 ? next_quad : 1;
        }
    }
}

static void place_tiles(const mn_conv2d *p, int32_t row, int32_t end, block *to)
{
    const int32_t out_c = p->out_c, line = p->out_w * out_c;
    to->end = to->places;
    for (; row < end; row++) {
        for (int32_t column = 0; 2 * column < p->out_w; column++, to->end++) {
            to->end->first = 2 * (row * line + column * out_c);
            to->end->down = 2 * row + 1 < p->out_h ? line : 0;
            to->end->right = 2 * column + 1 < p->out_w ? out_c : 0;
        }
    }
}

/* A pair of output channels of all tiles. */
static __attribute__((noinline)) void run_pair(const mn_conv2d *p, const block *b, const mn_channel *pair, int8_t *y)
{
    mn_dsp_tiles_job job = {b->tiles, b->kernels,      b->sums, p->in_c / 4, b->places, b->end,
                            y,        p->exact_finish, {{0, 0, 0, 0}, {0, 0, 0, 0}}};
    if (!p->exact_finish) {
        job.scale[0] = scale_of(p, pair);
        job.scale[1] = scale_of(p, pair + 1);
        mn_dsp_tiles(&job);
        return;
    }
    for (; job.places < job.end; job.places += 4, job.tiles += p->in_c / 2 * MN_TILE_PAIR_WORDS) {
        mn_dsp_tiles(&job);
        finish_exactly(p, job.sums, pair, job.places, job.end - job.places < 4 ? job.end : job.places + 4, y);
    }
}

mn_status mn_conv2d_tiles_dsp(const mn_conv2d_tiles *by_tiles, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const mn_conv2d *const p = &by_tiles->conv;
    const int32_t down = (p->out_h + 1) / 2, rows = by_tiles->rows < down ? by_tiles->rows : down;
    block b = block_at(p, rows * ((p->out_w + 1) / 2), scratch);
    for (int32_t row = 0; row < down; row += rows) {
        const int32_t end = row + rows < down ? row + rows : down;
        const int8_t *weights = p->weights;
        place_tiles(p, row, end, &b);
        transform_tiles(p, x, row, end, &b);
        for (int32_t i = 0; i < p->out_c; i += 2, weights += 8 * p->segment_groups * p->segments) {
            transform_kernels(weights, p->in_c, (int8_t *)b.sums, b.kernels);
            run_pair(p, &b, p->channels + i, y);
        }
    }
    return MN_OK;
}

#endif
