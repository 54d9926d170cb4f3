/* SPDX-License-Identifier: Apache-2.0 */
/* Receptive fields widened to int16, for the DSP forms of CONV_2D: one of `lanes` windows that lie word by word side
 * by side. Windows inside the input are widened straight from it, all others by way of a gathered copy. */
#ifndef MN_DSP_WINDOW_H
#define MN_DSP_WINDOW_H

#include "mn_conv2d.h"
#include "mn_dsp.h"
#include "mn_gather.h"

#if defined(__ARM_FEATURE_DSP)

static inline uint32_t *mn_widen_group(uint32_t bytes, int32_t lanes, uint32_t *to)
{
    to[0] = mn_sxtb16(bytes);
    to[lanes] = mn_sxtb16_odd(bytes);
    return to + 2 * lanes;
}

/* Every word of number `lanes` of `to`: the words between are other pixels'. Returns past the last word. */
static inline __attribute__((always_inline)) uint32_t *mn_widen(const int8_t *from, int32_t groups, int32_t lanes,
                                                                uint32_t *to)
{
    for (; groups >= 2; groups -= 2, from += 8, to += 4 * lanes) {
        const uint32_t word = mn_load4(from), next = mn_load4(from + 4);
        to[0] = mn_sxtb16(word);
        to[lanes] = mn_sxtb16_odd(word);
        to[2 * lanes] = mn_sxtb16(next);
        to[3 * lanes] = mn_sxtb16_odd(next);
    }
    if (groups > 0) {
        const uint32_t word = mn_load4(from);
        to[0] = mn_sxtb16(word);
        to[lanes] = mn_sxtb16_odd(word);
        to += 2 * lanes;
    }
    return to;
}

/* Whether a window lies inside the input without gaps between its columns, so that its rows can be taken as they
 * are. */
static inline int mn_window_is_inside(const mn_conv2d *p, int32_t first_y, int32_t first_x)
{
    const int32_t last_y = first_y + (p->kernel_h - 1) * p->dilation_h;
    return p->dilation_w == 1 && first_y >= 0 && first_x >= 0 && last_y < p->in_h && first_x + p->kernel_w <= p->in_w;
}

/* The last `bytes` of each of `rows` rows, 1 to 3 behind whole words, row after row in groups of four. */
static inline void mn_widen_rests(const int8_t *rest, int32_t step, int32_t rows, int32_t bytes, int32_t lanes,
                                  uint32_t *to)
{
    uint32_t group = 0, filled = 0;
    for (; rows > 0; rows--, rest += step) {
        for (int32_t i = 0; i < bytes; i++) {
            group |= (uint32_t)(uint8_t)rest[i] << filled;
            filled += 8;
            if (filled == 32) {
                to = mn_widen_group(group, lanes, to);
                group = filled = 0;
            }
        }
    }
    if (filled != 0) {
        mn_widen_group(group, lanes, to);
    }
}

/* The window at (first_y, first_x) to one lane of `to`: whole words of its rows, then what remains of the rows, in
 * which order the weights are packed too. `patch` has room for the padded terms and 4 bytes. */
static inline __attribute__((always_inline)) void mn_widen_window(const mn_conv2d *p, const int8_t *x, int32_t first_y,
                                                                  int32_t first_x, int32_t lanes, int8_t *patch,
                                                                  uint32_t *to)
{
    const int32_t row_bytes = p->kernel_w * p->in_c, line = p->in_w * p->in_c;
    const int8_t *row = x + first_y * line + first_x * p->in_c, *first = row;
    int32_t step = p->dilation_h * line;
    if (!mn_window_is_inside(p, first_y, first_x)) {
        mn_gather(p, x, first_y, first_x, p->in_c, patch);
        row = first = patch;
        step = row_bytes;
    }
    for (int32_t k = p->kernel_h; k > 0; k--, row += step) {
        to = mn_widen(row, row_bytes / 4, lanes, to);
    }
    if (row_bytes % 4 != 0) {
        mn_widen_rests(first + row_bytes / 4 * 4, step, p->kernel_h, row_bytes % 4, lanes, to);
    }
}

/* Where the next output pixel's window starts. */
typedef struct {
    int32_t out_x, first_y, first_x;
} mn_cursor;

static inline void mn_cursor_step(const mn_conv2d *p, mn_cursor *at)
{
    at->first_x += p->stride_w;
    if (++at->out_x == p->out_w) {
        at->out_x = 0;
        at->first_x = -p->pad_left;
        at->first_y += p->stride_h;
    }
}

#endif
#endif
