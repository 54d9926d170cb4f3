/* SPDX-License-Identifier: Apache-2.0 */
/* Portable DEPTHWISE_CONV_2D, channel by channel. A channel is copied to a separate plane, padding as the
 * input's zero point, and its weights to words side by side, so that the loops over windows need no border checks and
 * no other channel.
 *
 * The plane holds x + 128 as unsigned bytes: Armv6-M loads those, but not signed ones, at a fixed distance from
 * a pointer. The sum is then too large by 128 times the sum of the weights, which the bias takes back. */
#include <string.h>

#include "mn_depthwise_plane.h"

enum { BIASED_BY = 128 };

static uint8_t biased(int32_t x)
{
    return (uint8_t)(x + BIASED_BY);
}

static void copy_channel(const mn_depthwise *p, const int8_t *x, uint8_t *plane)
{
    const mn_plane_extent inside = mn_plane_input(p);
    uint8_t *row = plane + p->pad_top * p->plane_w + p->pad_left;
    for (int32_t i = inside.rows; i > 0; i--, row += p->plane_w, x += p->x_row) {
        const int8_t *from = x;
        for (uint8_t *to = row; to != row + inside.columns; to++, from += p->x_column) {
            *to = biased(*from);
        }
    }
}

/* The weights of one channel as words; returns its bias for sums over the plane. Sums wrap as the reference's. */
static uint32_t unpack(const mn_depthwise *p, const int8_t *weights, int32_t bias, int32_t *unpacked)
{
    uint32_t sum = (uint32_t)bias;
    for (int32_t k = p->kernel_h * p->kernel_w; k > 0; k--, weights += p->out_c) {
        *unpacked++ = *weights;
        sum -= (uint32_t)(BIASED_BY * *weights);
    }
    return sum;
}

static uint32_t three_taps(const uint8_t *x, const int32_t *w)
{
    return (uint32_t)(x[0] * w[0] + x[1] * w[1] + x[2] * w[2]);
}

static uint32_t window_3x3(const uint8_t *x, int32_t row, const int32_t *w, uint32_t sum)
{
    return sum + three_taps(x, w) + three_taps(x + row, w + 3) + three_taps(x + 2 * row, w + 6);
}

static uint32_t window(const mn_depthwise *p, const uint8_t *x, const int32_t *w, uint32_t sum)
{
    const int32_t step = p->dilation_w, row = p->dilation_h * p->plane_w;
    for (int32_t ky = p->kernel_h; ky > 0; ky--, x += row) {
        const uint8_t *tap = x;
        for (int32_t kx = p->kernel_w; kx > 0; kx--, tap += step) {
            sum += (uint32_t)(*tap * *w++);
        }
    }
    return sum;
}

static void channel(const mn_depthwise *p, const mn_channel *scale, uint32_t bias, const int32_t *w,
                    const uint8_t *plane, int8_t *y)
{
    const int32_t is_3x3 = p->kernel_h == 3 && p->kernel_w == 3 && p->dilation_h == 1 && p->dilation_w == 1;
    for (int32_t i = p->out_h; i > 0; i--, plane += p->stride_h * p->plane_w, y += p->y_row) {
        const uint8_t *x = plane;
        int8_t *to = y;
        for (int32_t j = p->out_w; j > 0; j--, x += p->stride_w, to += p->y_column) {
            const uint32_t sum = is_3x3 ? window_3x3(x, p->plane_w, w, bias) : window(p, x, w, bias);
            *to = mn_finish((int32_t)sum, scale->multiplier, scale->shift, p->out_zero_point, p->out_min,
                            p->out_max);
        }
    }
}

mn_status mn_depthwise_s8(const mn_depthwise *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    int32_t *const unpacked = (int32_t *)(void *)scratch;
    uint8_t *const plane = (uint8_t *)(unpacked + p->kernel_h * p->kernel_w);
    memset(plane, biased(p->in_zero_point), (size_t)(p->plane_h * p->plane_w));
    for (int32_t c = 0; c < p->out_c; c++) {
        if (c % p->multiplier == 0) {
            copy_channel(p, x + c / p->multiplier, plane);
        }
        const uint32_t bias = unpack(p, p->weights + c, p->channels[c].bias, unpacked);
        channel(p, p->channels + c, bias, unpacked, plane, y + c);
    }
    return MN_OK;
}
