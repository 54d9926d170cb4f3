/* SPDX-License-Identifier: Apache-2.0 */
/* The receptive field of one output pixel as one vector, padding as the input's zero point. */
#ifndef MN_GATHER_H
#define MN_GATHER_H

#include <string.h>

#include "mn_conv2d.h"

/* The taps of one kernel dimension: so many before the input, on it, and behind it. */
typedef struct {
    int32_t before, inside, behind;
} mn_span;

static inline mn_span mn_span_at(int32_t first, int32_t taps, int32_t dilation, int32_t size)
{
    mn_span span = {0, taps, 0};
    if (first < 0) {
        span.before = (dilation - 1 - first) / dilation;
        span.before = span.before < taps ? span.before : taps;
    }
    if (first + (taps - 1) * dilation >= size) {
        const int32_t fit = size > first ? (size - first + dilation - 1) / dilation : 0;
        span.behind = taps - (fit > span.before ? fit : span.before);
    }
    span.inside = taps - span.before - span.behind;
    return span;
}

/* Runs are a few bytes long: words and a tail, in line, where a call of memcpy would cost more. */
static inline int8_t *mn_put_run(int8_t *to, const int8_t *from, int32_t bytes)
{
    for (; bytes >= 4; bytes -= 4, to += 4, from += 4) {
        memcpy(to, from, 4);
    }
    if (bytes & 2) {
        memcpy(to, from, 2);
        to += 2;
        from += 2;
    }
    if (bytes & 1) {
        *to++ = *from;
    }
    return to;
}

static inline int8_t *mn_put_fill(int8_t *to, int32_t value, int32_t bytes)
{
    const uint32_t word = 0x01010101u * (uint8_t)value;
    for (; bytes >= 4; bytes -= 4, to += 4) {
        memcpy(to, &word, 4);
    }
    if (bytes & 2) {
        memcpy(to, &word, 2);
        to += 2;
    }
    if (bytes & 1) {
        *to++ = (int8_t)value;
    }
    return to;
}

/* `depth` channels of every tap of the window at (first_y, first_x) of x, in the order of the weights. */
static inline void mn_gather(const mn_conv2d *p, const int8_t *x, int32_t first_y, int32_t first_x,
                             int32_t depth, int8_t *patch)
{
    const mn_span rows = mn_span_at(first_y, p->kernel_h, p->dilation_h, p->in_h);
    const mn_span taps = mn_span_at(first_x, p->kernel_w, p->dilation_w, p->in_w);
    const int32_t row_bytes = p->kernel_w * depth, step = p->dilation_w * p->in_c;
    const int32_t run = step == depth ? taps.inside * depth : depth, runs = step == depth ? 1 : taps.inside;
    const int8_t *row =
        x + ((first_y + rows.before * p->dilation_h) * p->in_w + first_x + taps.before * p->dilation_w) * p->in_c;
    patch = mn_put_fill(patch, p->in_zero_point, rows.before * row_bytes);
    for (int32_t i = 0; i < rows.inside; i++, row += p->dilation_h * p->in_w * p->in_c) {
        patch = mn_put_fill(patch, p->in_zero_point, taps.before * depth);
        for (int32_t k = 0; k < runs; k++) {
            patch = mn_put_run(patch, row + k * step, run);
        }
        patch = mn_put_fill(patch, p->in_zero_point, taps.behind * depth);
    }
    mn_put_fill(patch, p->in_zero_point, rows.behind * row_bytes);
}

#endif
