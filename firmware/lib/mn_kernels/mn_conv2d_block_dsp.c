/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D by blocks of pixels (mn_dsp_quads.h). */
#include "mn_conv2d.h"
#include "mn_dsp_quads.h"
#include "mn_dsp_window.h"

#if defined(__ARM_FEATURE_DSP)

static int32_t largest(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t smallest(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* As mn_gather, without dilation and in few instructions: windows at a border alternate with others, and the code of
 * both is to stay in the cache of an STM32's flash. */
static __attribute__((noinline)) void gather_near(const mn_conv2d *p, const int8_t *x, const mn_cursor *at,
                                                  int8_t *patch)
{
    const int32_t depth = p->in_c, row_bytes = p->kernel_w * depth, line = p->in_w * depth;
    const int32_t top = largest(0, -at->first_y), end = smallest(p->kernel_h, p->in_h - at->first_y);
    const int32_t left = largest(0, -at->first_x) * depth;
    const int32_t right = smallest(p->kernel_w, p->in_w - at->first_x) * depth;
    const uint32_t fill = 0x01010101u * (uint8_t)p->in_zero_point;
    const int8_t *from = x + (at->first_y + top) * line + at->first_x * depth;
    for (int32_t i = 0; i < p->kernel_h * row_bytes; i += 4) {
        memcpy(patch + i, &fill, 4);
    }
    patch += top * row_bytes;
    for (int32_t k = top; k < end; k++, from += line, patch += row_bytes) {
        int32_t i = left;
        for (; i + 4 <= right; i += 4) {
            memcpy(patch + i, from + i, 4);
        }
        for (; i < right; i++) {
            patch[i] = from[i];
        }
    }
}

static __attribute__((noinline)) void gather_far(const mn_conv2d *p, const int8_t *x, const mn_cursor *at,
                                                 int8_t *patch)
{
    mn_gather(p, x, at->first_y, at->first_x, p->in_c, patch);
}

/* The window at the cursor to a lane of a quad; `patch` as in mn_dsp_window.h. */
static __attribute__((noinline)) void widen_window(const mn_conv2d *p, const int8_t *x, const mn_cursor *at,
                                                   int8_t *patch, uint32_t *to)
{
    const int32_t row_bytes = p->kernel_w * p->in_c, line = p->in_w * p->in_c;
    const mn_dsp_rows size = {p->kernel_h, row_bytes / 4, row_bytes % 4};
    const int8_t *row = patch;
    int32_t step = row_bytes;
    if (mn_window_is_inside(p, at->first_y, at->first_x)) {
        row = x + at->first_y * line + at->first_x * p->in_c;
        step = p->dilation_h * line;
    } else if (p->dilation_h == 1 && p->dilation_w == 1) {
        gather_near(p, x, at, patch);
    } else {
        gather_far(p, x, at, patch);
    }
    mn_dsp_widen_rows(row, step, to, &size);
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
