/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of CONV_2D: the receptive fields of two neighbouring output pixels are widened to scratch, then
 * multiplied. Windows inside the input whose rows are whole words are widened straight from it, all others by
 * way of a gathered copy. */
#include "mn_conv2d.h"
#include "mn_dsp_conv.h"
#include "mn_gather.h"

#if defined(__ARM_FEATURE_DSP)

/* Every other word of `to`: the words between are the other pixel's. Returns past the last word. */
static uint32_t *widen(const int8_t *from, int32_t groups, uint32_t *to)
{
    for (; groups >= 2; groups -= 2, from += 8, to += 8) {
        const uint32_t word = mn_load4(from), next = mn_load4(from + 4);
        to[0] = mn_sxtb16(word);
        to[2] = mn_sxtb16_odd(word);
        to[4] = mn_sxtb16(next);
        to[6] = mn_sxtb16_odd(next);
    }
    if (groups > 0) {
        const uint32_t word = mn_load4(from);
        to[0] = mn_sxtb16(word);
        to[2] = mn_sxtb16_odd(word);
        to += 4;
    }
    return to;
}

/* Inside the input, rows can be taken without a look at each tap. The last bytes of a row may come with up
 * to three behind them; a window that would so read past the input does not count as inside. */
static int is_inside(const mn_conv2d *p, int32_t first_y, int32_t first_x)
{
    const int32_t last_y = first_y + (p->kernel_h - 1) * p->dilation_h, end_x = first_x + p->kernel_w;
    const int32_t behind = ((p->in_h - last_y) * p->in_w - end_x) * p->in_c;
    return first_y >= 0 && first_x >= 0 && last_y < p->in_h && end_x <= p->in_w && behind >= 3;
}

/* `words` whole words of each kernel row, one row's surplus under the next row's start. */
static void copy_rows(const mn_conv2d *p, const int8_t *row, int32_t row_bytes, int8_t *patch)
{
    const int32_t step = p->dilation_h * p->in_w * p->in_c;
    for (int32_t k = p->kernel_h; k > 0; k--, row += step, patch += row_bytes) {
        for (int32_t i = 0; i < row_bytes; i += 4) {
            memcpy(patch + i, row + i, 4);
        }
    }
}

/* The window at (first_y, first_x) to every other word of `to`. */
static void widen_window(const mn_conv2d *p, const int8_t *x, int32_t first_y, int32_t first_x, int8_t *patch,
                         uint32_t *to)
{
    const int32_t row_bytes = p->kernel_w * p->in_c;
    const int8_t *row = x + (first_y * p->in_w + first_x) * p->in_c;
    if (p->dilation_w != 1 || !is_inside(p, first_y, first_x)) {
        mn_gather(p, x, first_y, first_x, p->in_c, patch);
    } else if (row_bytes % 4 != 0) {
        copy_rows(p, row, row_bytes, patch);
    } else {
        for (int32_t k = 0; k < p->kernel_h; k++, row += p->dilation_h * p->in_w * p->in_c) {
            to = widen(row, row_bytes / 4, to);
        }
        return;
    }
    widen(patch, p->segment_groups * p->segments, to);
}

/* Where the next output pixel's window starts. */
typedef struct {
    int32_t out_x, first_y, first_x;
} cursor;

static void step(const mn_conv2d *p, cursor *at)
{
    at->first_x += p->stride_w;
    if (++at->out_x == p->out_w) {
        at->out_x = 0;
        at->first_x = -p->pad_left;
        at->first_y += p->stride_h;
    }
}

mn_status mn_conv2d_dsp(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const int32_t terms = 4 * p->segment_groups * p->segments;
    uint32_t *const widened = (uint32_t *)(void *)scratch;
    int8_t *const patch = scratch + 4 * terms;
    cursor at = {0, -p->pad_top, -p->pad_left};
    memset(scratch, 0, (size_t)(5 * terms + 4)); /* padded terms: any value does, as long as it is one */
    for (int32_t left = p->out_h * p->out_w; left > 0; left -= 2, y += 2 * p->out_c) {
        const int32_t second = left > 1 ? 1 : 0; /* the last pixel of an odd number is taken twice */
        widen_window(p, x, at.first_y, at.first_x, patch, widened);
        if (second) {
            step(p, &at);
        }
        widen_window(p, x, at.first_y, at.first_x, patch, widened + 1);
        step(p, &at);
        mn_dsp_conv_two_pixels(p, widened, y, y + second * p->out_c);
    }
    return MN_OK;
}

#endif
