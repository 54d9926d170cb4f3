/* SPDX-License-Identifier: Apache-2.0 */
/* DEPTHWISE_CONV_2D without scratch: windows are read where they lie, and the input's zero point is taken for taps
 * outside. Slower than the forms with a plane or a list of taps; for networks that do not fit with these. */
#include "mn_depthwise.h"

/* One channel's products over one row of its window; the row begins at column first_x. */
static int32_t row_sum(const mn_depthwise *p, const int8_t *row, int32_t first_x, const int8_t *w, int32_t sum)
{
    for (int32_t kx = p->kernel_w, x = first_x; kx > 0; kx--, x += p->dilation_w, w += p->out_c) {
        sum += *w * (x >= 0 && x < p->in_w ? row[x * p->in_c] : p->in_zero_point);
    }
    return sum;
}

static int32_t padding(const mn_depthwise *p, const int8_t *w, int32_t sum)
{
    for (int32_t kx = p->kernel_w; kx > 0; kx--, w += p->out_c) {
        sum += *w * p->in_zero_point;
    }
    return sum;
}

/* x is the channel's first element. */
static int32_t window_sum(const mn_depthwise *p, const int8_t *x, int32_t first_y, int32_t first_x, const int8_t *w,
                          int32_t sum)
{
    for (int32_t ky = p->kernel_h, y = first_y; ky > 0; ky--, y += p->dilation_h, w += p->kernel_w * p->out_c) {
        sum = y >= 0 && y < p->in_h ? row_sum(p, x + y * p->in_w * p->in_c, first_x, w, sum) : padding(p, w, sum);
    }
    return sum;
}

mn_status mn_depthwise_direct_s8(const mn_depthwise *p, const int8_t *x, int8_t *y)
{
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        const int32_t first_y = out_y * p->stride_h - p->pad_top;
        for (int32_t out_x = 0; out_x < p->out_w; out_x++, y += p->out_c) {
            const int32_t first_x = out_x * p->stride_w - p->pad_left;
            const mn_channel *scale = p->channels;
            for (int32_t c = 0; c < p->out_c; c++, scale++) {
                const int8_t *const channel = x + c / p->multiplier;
                const int32_t sum = window_sum(p, channel, first_y, first_x, p->weights + c, scale->bias);
                y[c] = mn_finish(sum, scale->multiplier, scale->shift, p->out_zero_point, p->out_min, p->out_max);
            }
        }
    }
    return MN_OK;
}
