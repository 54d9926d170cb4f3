/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D without scratch: windows are read where they lie, and the input's zero point is added for taps outside.
 * Slower than the forms that copy windows; for networks that do not fit with these. */
#include "mn_conv2d.h"
#include "mn_dot.h"
#include "mn_gather.h"

typedef struct {
    mn_span rows, taps;
    const int8_t *first; /* the first tap on the input */
} window;

static window window_at(const mn_conv2d *p, const int8_t *x, int32_t first_y, int32_t first_x)
{
    window at;
    at.rows = mn_span_at(first_y, p->kernel_h, p->dilation_h, p->in_h);
    at.taps = mn_span_at(first_x, p->kernel_w, p->dilation_w, p->in_w);
    at.first = x + ((first_y + at.rows.before * p->dilation_h) * p->in_w + first_x + at.taps.before * p->dilation_w) *
                       p->in_c;
    return at;
}

static int32_t padding(const mn_conv2d *p, const int8_t *w, int32_t terms, int32_t sum)
{
    for (int32_t i = 0; i < terms; i++) {
        sum += p->in_zero_point * w[i];
    }
    return sum;
}

/* One row of taps: `depth` channels of each, the taps inside from `row` on. */
static int32_t row_sum(const mn_conv2d *p, const mn_span *taps, const int8_t *row, const int8_t *w, int32_t depth,
                       int32_t sum)
{
    sum = padding(p, w, taps->before * depth, sum);
    w += taps->before * depth;
    for (int32_t k = taps->inside; k > 0; k--, w += depth, row += p->dilation_w * p->in_c) {
        sum = mn_dot_one(row, w, depth, sum);
    }
    return padding(p, w, taps->behind * depth, sum);
}

static int32_t window_sum(const mn_conv2d *p, const window *at, int32_t first_channel, const int8_t *w, int32_t sum)
{
    const int32_t depth = p->in_c / p->groups, row_terms = p->kernel_w * depth;
    const int8_t *row = at->first + first_channel;
    sum = padding(p, w, at->rows.before * row_terms, sum);
    w += at->rows.before * row_terms;
    for (int32_t k = at->rows.inside; k > 0; k--, w += row_terms, row += p->dilation_h * p->in_w * p->in_c) {
        sum = row_sum(p, &at->taps, row, w, depth, sum);
    }
    return padding(p, w, at->rows.behind * row_terms, sum);
}

static void pixel(const mn_conv2d *p, const window *at, int8_t *y)
{
    const int32_t depth = p->in_c / p->groups, outputs = p->out_c / p->groups;
    const int32_t terms = p->kernel_h * p->kernel_w * depth;
    const int8_t *w = p->weights;
    const mn_channel *channel = p->channels;
    for (int32_t c = 0; c < p->out_c; c++, w += terms, channel++) {
        const int32_t sum = window_sum(p, at, c / outputs * depth, w, channel->bias);
        y[c] = mn_finish(sum, channel->multiplier, channel->shift, p->out_zero_point, p->out_min, p->out_max);
    }
}

mn_status mn_conv2d_direct_s8(const mn_conv2d *p, const int8_t *x, int8_t *y)
{
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        const int32_t first_y = out_y * p->stride_h - p->pad_top;
        for (int32_t out_x = 0; out_x < p->out_w; out_x++, y += p->out_c) {
            const window at = window_at(p, x, first_y, out_x * p->stride_w - p->pad_left);
            pixel(p, &at, y);
        }
    }
    return MN_OK;
}
