/* SPDX-License-Identifier: Apache-2.0 */
/* Output pixel by output pixel: of each kernel dimension every stride-th tap meets an input. */
#include "mn_transpose_conv.h"

/* The taps that lie on the input: tap `first` meets input `input`, tap first + stride the one before it. */
typedef struct {
    int32_t first, count, input;
} mn_taps;

static mn_taps taps_at(int32_t padded, int32_t taps, int32_t stride, int32_t size)
{
    mn_taps found = {padded % stride, 0, padded / stride};
    if (found.input >= size) {
        found.first += (found.input - size + 1) * stride;
        found.input = size - 1;
    }
    if (found.first < taps) {
        const int32_t fit = (taps - found.first + stride - 1) / stride;
        found.count = fit < found.input + 1 ? fit : found.input + 1;
    }
    return found;
}

static int32_t dot(const int8_t *x, const int8_t *w, int32_t n, int32_t zero_point)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += (x[i] - zero_point) * w[i];
    }
    return sum;
}

static int32_t window(const mn_transpose_conv *p, const int8_t *x, const int8_t *w, mn_taps down, mn_taps across)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < down.count; i++) {
        const int8_t *const row = x + (down.input - i) * p->in_w * p->in_c;
        const int8_t *const taps = w + (down.first + i * p->stride_h) * p->kernel_w * p->in_c;
        for (int32_t j = 0; j < across.count; j++) {
            sum += dot(row + (across.input - j) * p->in_c, taps + (across.first + j * p->stride_w) * p->in_c,
                       p->in_c, p->in_zero_point);
        }
    }
    return sum;
}

mn_status mn_transpose_conv_s8(const mn_transpose_conv *p, const int8_t *x, int8_t *y)
{
    const int32_t filter = p->kernel_h * p->kernel_w * p->in_c;
    for (int32_t i = 0; i < p->out_h; i++) {
        const mn_taps down = taps_at(i + p->pad_top, p->kernel_h, p->stride_h, p->in_h);
        for (int32_t j = 0; j < p->out_w; j++, y += p->out_c) {
            const mn_taps across = taps_at(j + p->pad_left, p->kernel_w, p->stride_w, p->in_w);
            for (int32_t c = 0; c < p->out_c; c++) {
                const mn_channel *const channel = &p->channels[c];
                const int32_t acc = channel->bias + window(p, x, p->weights + c * filter, down, across);
                y[c] = mn_finish(acc, channel->multiplier, channel->shift, p->out_zero_point, INT8_MIN, INT8_MAX);
            }
        }
    }
    return MN_OK;
}
