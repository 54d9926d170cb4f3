/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of MAX_POOL_2D: four channels at a time. */
#include "mn_dsp.h"
#include "mn_pool_window.h"
#include "mn_requant.h"

#if defined(__ARM_FEATURE_DSP)

static uint32_t four_maxima(mn_pool_window w, int32_t row_step, int32_t channels)
{
    uint32_t max = 0x80808080u;
    for (int32_t i = w.rows; i > 0; i--, w.origin += row_step) {
        const int8_t *x = w.origin;
        for (int32_t j = w.columns; j > 0; j--, x += channels) {
            max = mn_max8(mn_load4(x), max);
        }
    }
    return max;
}

/* Blocks of four channels; the last one ends with the last channel, and may do some of those before it again. */
static void pixel(const mn_pool2d *p, mn_pool_window window, int8_t *y)
{
    const int8_t *const origin = window.origin;
    for (int32_t c = 0; c < p->channels; c += 4) {
        const int32_t first = c + 4 <= p->channels ? c : p->channels - 4;
        window.origin = origin + first;
        const uint32_t max = four_maxima(window, p->in_w * p->channels, p->channels);
        for (int32_t i = 0; i < 4; i++) {
            y[first + i] = (int8_t)mn_clamp((int8_t)(max >> (8 * i)), p->out_min, p->out_max);
        }
    }
}

mn_status mn_max_pool2d_dsp(const mn_pool2d *p, const int8_t *x, int8_t *y)
{
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        for (int32_t out_x = 0; out_x < p->out_w; out_x++, y += p->channels) {
            const mn_pool_window window = mn_pool_window_at(p, x, out_y, out_x);
            if (window.rows <= 0 || window.columns <= 0) {
                return MN_ERROR_ARGUMENT;
            }
            pixel(p, window, y);
        }
    }
    return MN_OK;
}

#endif
