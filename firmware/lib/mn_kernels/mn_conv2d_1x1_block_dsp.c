/* SPDX-License-Identifier: Apache-2.0 */
/* The pointwise convolution by blocks of pixels (mn_dsp_quads.h). */
#include "mn_conv2d.h"
#include "mn_dsp_quads.h"

#if defined(__ARM_FEATURE_DSP)

static inline void put(uint32_t *to, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    to[0] = mn_sxtb16(a);
    to[1] = mn_sxtb16(b);
    to[2] = mn_sxtb16(c);
    to[3] = mn_sxtb16(d);
    to[4] = mn_sxtb16_odd(a);
    to[5] = mn_sxtb16_odd(b);
    to[6] = mn_sxtb16_odd(c);
    to[7] = mn_sxtb16_odd(d);
}

/* `count` channels of four pixels; b, c and d may be the same pixel where there are fewer. */
static void widen_quad(const int8_t *a, const int8_t *b, const int8_t *c, const int8_t *d, int32_t count, uint32_t *to)
{
    for (; count >= 4; count -= 4, a += 4, b += 4, c += 4, d += 4, to += 8) {
        put(to, mn_load4(a), mn_load4(b), mn_load4(c), mn_load4(d));
    }
    if (count > 0) {
        put(to, mn_load_tail(a, count), mn_load_tail(b, count), mn_load_tail(c, count), mn_load_tail(d, count));
    }
}

/* Padding terms have weights of zero: their inputs may be what the scratch held. */
static void widen_block(const mn_conv2d *p, const int8_t *x, int32_t pixels, uint32_t *to)
{
    const int32_t in_c = p->in_c, quad_words = 8 * p->segment_groups * p->segments;
    for (; pixels > 0; pixels -= 4, x += 4 * in_c, to += quad_words) {
        const int8_t *const b = x + (pixels > 1 ? in_c : 0), *const c = b + (pixels > 2 ? in_c : 0);
        widen_quad(x, b, c, c + (pixels > 3 ? in_c : 0), in_c, to);
    }
}

mn_status mn_conv2d_1x1_block_dsp(const mn_conv2d_block *block, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const mn_conv2d *const p = &block->conv;
    const int32_t terms = 4 * p->segment_groups * p->segments, pixels = p->in_h * p->in_w;
    const int32_t most = 4 * block->quads, blocks = (pixels + most - 1) / most, forward = p->out_c <= p->in_c;
    uint32_t *const widened = (uint32_t *)(void *)scratch;
    int8_t *const staged = block->quads > 1 ? scratch + 8 * terms * block->quads : NULL;
    for (int32_t i = 0; i < blocks; i++) {
        const int32_t first = most * (forward ? i : blocks - 1 - i);
        const int32_t some = pixels - first < most ? pixels - first : most;
        widen_block(p, x + first * p->in_c, some, widened);
        mn_dsp_conv_block(p, widened, some, staged, y + first * p->out_c);
    }
    return MN_OK;
}

#endif
