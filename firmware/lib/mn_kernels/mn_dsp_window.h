/* SPDX-License-Identifier: Apache-2.0 */
/* Receptive fields widened to int16, for the DSP forms of CONV_2D: one of `lanes` windows that lie word by word side
 * by side. Windows inside the input whose rows are whole words are widened straight from it, all others by way of a
 * gathered copy. */
#ifndef MN_DSP_WINDOW_H
#define MN_DSP_WINDOW_H

#include "mn_conv2d.h"
#include "mn_dsp.h"
#include "mn_gather.h"

#if defined(__ARM_FEATURE_DSP)

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

/* Inside the input, rows can be taken without a look at each tap. The last bytes of a row may come with up
 * to three behind them; a window that would so read past the input does not count as inside. */
static inline int mn_window_is_inside(const mn_conv2d *p, int32_t first_y, int32_t first_x)
{
    const int32_t last_y = first_y + (p->kernel_h - 1) * p->dilation_h, end_x = first_x + p->kernel_w;
    const int32_t behind = ((p->in_h - last_y) * p->in_w - end_x) * p->in_c;
    return first_y >= 0 && first_x >= 0 && last_y < p->in_h && end_x <= p->in_w && behind >= 3;
}

/* `words` whole words of each kernel row, one row's surplus under the next row's start. */
static inline void mn_copy_rows(const mn_conv2d *p, const int8_t *row, int32_t row_bytes, int8_t *patch)
{
    const int32_t step = p->dilation_h * p->in_w * p->in_c;
    for (int32_t k = p->kernel_h; k > 0; k--, row += step, patch += row_bytes) {
        for (int32_t i = 0; i < row_bytes; i += 4) {
            memcpy(patch + i, row + i, 4);
        }
    }
}

/* The window at (first_y, first_x) to one lane of `to`; `patch` has room for the padded terms and 4 bytes. */
static inline __attribute__((always_inline)) void mn_widen_window(const mn_conv2d *p, const int8_t *x, int32_t first_y,
                                                                  int32_t first_x, int32_t lanes, int8_t *patch,
                                                                  uint32_t *to)
{
    const int32_t row_bytes = p->kernel_w * p->in_c;
    const int8_t *row = x + (first_y * p->in_w + first_x) * p->in_c;
    if (p->dilation_w != 1 || !mn_window_is_inside(p, first_y, first_x)) {
        mn_gather(p, x, first_y, first_x, p->in_c, patch);
    } else if (row_bytes % 4 != 0) {
        mn_copy_rows(p, row, row_bytes, patch);
    } else {
        for (int32_t k = 0; k < p->kernel_h; k++, row += p->dilation_h * p->in_w * p->in_c) {
            to = mn_widen(row, row_bytes / 4, lanes, to);
        }
        return;
    }
    mn_widen(patch, p->segment_groups * p->segments, lanes, to);
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
