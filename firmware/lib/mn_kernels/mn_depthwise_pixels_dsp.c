/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of DEPTHWISE_CONV_2D, pixel by pixel, four channels at a time. A list of pointers to the taps of a
 * pixel's window, padding among them, serves all of its channels; nothing else is copied or unpacked. Where a channel
 * has few outputs, that takes less than a plane for it (mn_depthwise_dsp.c). */
#include "mn_depthwise.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* sums[i] = the sum over `count` taps of taps[k][channel + i] * weights[4 * k + i]. */
void mn_dsp_taps(const int8_t *const *taps, const int8_t *weights, int32_t channel, int32_t count, int32_t sums[4]);

/* The same, finished by the scales of the four channels; zero_code is 2 * zero point of y + 1. */
void mn_dsp_taps_finish(const int8_t *const *taps, const int8_t *weights, int32_t channel, int32_t count,
                        const mn_channel *scales, int8_t *y, int32_t zero_code);

static void find_taps(const mn_depthwise *p, const int8_t *x, int32_t first_y, int32_t first_x,
                      const int8_t *padding, const int8_t **taps)
{
    for (int32_t ky = 0, row = first_y; ky < p->kernel_h; ky++, row += p->dilation_h) {
        const int32_t row_inside = row >= 0 && row < p->in_h;
        for (int32_t kx = 0, column = first_x; kx < p->kernel_w; kx++, column += p->dilation_w) {
            const int32_t inside = row_inside && column >= 0 && column < p->in_w;
            *taps++ = inside ? x + (row * p->in_w + column) * p->in_c : padding;
        }
    }
}

static void finish_exactly(const mn_depthwise *p, const int32_t *sums, const mn_channel *scale, int8_t *y)
{
    for (int32_t i = 0; i < 4; i++, scale++) {
        y[i] = mn_finish(sums[i] + scale->bias, scale->multiplier, scale->shift, p->out_zero_point, p->out_min,
                         p->out_max);
    }
}

/* Blocks of four channels; the last one ends with the last channel, and may do some of those before it again. */
static void pixel(const mn_depthwise *p, const int8_t *const *taps, int8_t *y)
{
    const int32_t count = p->kernel_h * p->kernel_w;
    const int8_t *weights = p->weights;
    for (int32_t c = 0; c < p->in_c; c += 4, weights += 4 * count) {
        const int32_t first = c + 4 <= p->in_c ? c : p->in_c - 4;
        if (p->exact_finish) {
            int32_t sums[4];
            mn_dsp_taps(taps, weights, first, count, sums);
            finish_exactly(p, sums, p->channels + first, y + first);
        } else {
            mn_dsp_taps_finish(taps, weights, first, count, p->channels + first, y + first,
                               2 * p->out_zero_point + 1);
        }
    }
}

mn_status mn_depthwise_pixels_dsp(const mn_depthwise *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const int8_t **const taps = (const int8_t **)(void *)scratch;
    int8_t *const padding = (int8_t *)(void *)(taps + p->kernel_h * p->kernel_w);
    memset(padding, p->in_zero_point, (size_t)p->in_c);
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        const int32_t first_y = out_y * p->stride_h - p->pad_top;
        for (int32_t out_x = 0; out_x < p->out_w; out_x++, y += p->out_c) {
            find_taps(p, x, first_y, out_x * p->stride_w - p->pad_left, padding, taps);
            pixel(p, taps, y);
        }
    }
    return MN_OK;
}

#endif
