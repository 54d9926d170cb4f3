/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D by blocks of pixels (mn_dsp_quads.h). */
#include "mn_conv2d.h"
#include "mn_dsp_quads.h"
#include "mn_dsp_window.h"

#if defined(__ARM_FEATURE_DSP)

static __attribute__((noinline)) void widen_window(const mn_conv2d *p, const int8_t *x, const mn_cursor *at,
                                                   int8_t *patch, uint32_t *to)
{
    mn_widen_window(p, x, at->first_y, at->first_x, 4, patch, to);
}

/* The other lanes of a quad of so many pixels get its last pixel. */
static void fill_up(uint32_t *quad, int32_t pixels, int32_t terms)
{
    for (int32_t i = terms / 2; pixels > 0 && i > 0; i--, quad += 4) {
        for (int32_t lane = pixels; lane < 4; lane++) {
            quad[lane] = quad[pixels - 1];
        }
    }
}

mn_status mn_conv2d_block_dsp(const mn_conv2d_block *block, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const mn_conv2d *const p = &block->conv;
    const int32_t terms = 4 * p->segment_groups * p->segments, most = 4 * block->quads;
    uint32_t *const widened = (uint32_t *)(void *)scratch;
    int8_t *const behind = scratch + 8 * terms * block->quads;
    int8_t *const staged = block->quads > 1 ? behind : NULL, *const patch = behind + (staged != NULL ? 2 * terms : 0);
    mn_cursor at = {0, -p->pad_top, -p->pad_left};
    for (int32_t left = p->out_h * p->out_w; left > 0; left -= most, y += most * p->out_c) {
        const int32_t some = left < most ? left : most;
        for (int32_t i = 0; i < some; i++) {
            widen_window(p, x, &at, patch, widened + 2 * terms * (i / 4) + i % 4);
            mn_cursor_step(p, &at);
        }
        fill_up(widened + 2 * terms * (some / 4), some % 4, terms);
        mn_dsp_conv_block(p, widened, some, staged, y);
    }
    return MN_OK;
}

#endif
