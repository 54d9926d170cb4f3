/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of the pointwise convolution: pixel pairs are widened to scratch, then multiplied. */
#include "mn_conv2d.h"
#include "mn_dsp_conv.h"

#if defined(__ARM_FEATURE_DSP)

static inline void put(uint32_t *to, uint32_t a, uint32_t b)
{
    to[0] = mn_sxtb16(a);
    to[1] = mn_sxtb16(b);
    to[2] = mn_sxtb16_odd(a);
    to[3] = mn_sxtb16_odd(b);
}

static void widen_pair(const int8_t *a, const int8_t *b, int32_t count, uint32_t *to)
{
    for (; count >= 4; count -= 4, a += 4, b += 4, to += 4) {
        put(to, mn_load4(a), mn_load4(b));
    }
    if (count > 0) {
        put(to, mn_load_tail(a, count), mn_load_tail(b, count));
    }
}

/* in_c is padded with zero weights; the padding's inputs must exist, though they have no effect. */
static void clear_padding(const mn_conv2d *p, uint32_t *x)
{
    const int32_t used = (p->in_c + 3) / 4, all = p->segment_groups * p->segments;
    memset(x + 4 * used, 0, sizeof(uint32_t) * 4 * (size_t)(all - used));
}

mn_status mn_conv2d_1x1_dsp(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    uint32_t *const widened = (uint32_t *)(void *)scratch;
    const int32_t pixels = p->in_h * p->in_w, forward = p->out_c <= p->in_c;
    int32_t pixel = forward ? 0 : (pixels - 1) / 2 * 2;
    clear_padding(p, widened);
    for (int32_t left = (pixels + 1) / 2; left > 0; left--, pixel += forward ? 2 : -2) {
        const int32_t second = pixel + 1 < pixels ? 1 : 0; /* the last pixel of an odd number is taken twice */
        const int8_t *const from = x + pixel * p->in_c;
        int8_t *const to = y + pixel * p->out_c;
        widen_pair(from, from + second * p->in_c, p->in_c, widened);
        mn_dsp_conv_two_pixels(p, widened, to, to + second * p->out_c);
    }
    return MN_OK;
}

#endif
