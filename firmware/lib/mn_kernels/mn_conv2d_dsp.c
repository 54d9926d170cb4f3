/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of CONV_2D: the receptive fields of two neighbouring output pixels are widened to scratch, then
 * multiplied. */
#include "mn_conv2d.h"
#include "mn_dsp_conv.h"
#include "mn_dsp_window.h"

#if defined(__ARM_FEATURE_DSP)

static __attribute__((noinline)) void widen_window(const mn_conv2d *p, const int8_t *x, const mn_cursor *at,
                                                   int8_t *patch, uint32_t *to)
{
    mn_widen_window(p, x, at->first_y, at->first_x, 2, patch, to);
}

mn_status mn_conv2d_dsp(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const int32_t terms = 4 * p->segment_groups * p->segments;
    uint32_t *const widened = (uint32_t *)(void *)scratch;
    int8_t *const patch = scratch + 4 * terms;
    mn_cursor at = {0, -p->pad_top, -p->pad_left};
    memset(scratch, 0, (size_t)(5 * terms + 4)); /* padded terms: any value does, as long as it is one */
    for (int32_t left = p->out_h * p->out_w; left > 0; left -= 2, y += 2 * p->out_c) {
        const int32_t second = left > 1 ? 1 : 0; /* the last pixel of an odd number is taken twice */
        widen_window(p, x, &at, patch, widened);
        if (second) {
            mn_cursor_step(p, &at);
        }
        widen_window(p, x, &at, patch, widened + 1);
        mn_cursor_step(p, &at);
        mn_dsp_conv_two_pixels(p, widened, y, y + second * p->out_c);
    }
    return MN_OK;
}

#endif
