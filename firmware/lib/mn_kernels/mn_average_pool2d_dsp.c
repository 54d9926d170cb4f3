/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of AVERAGE_POOL_2D: four channels at a time. */
#include "mn_dsp_sum.h"
#include "mn_pool_window.h"

#if defined(__ARM_FEATURE_DSP)

static int8_t average(const mn_pool2d *p, int32_t sum, int32_t count)
{
    const int32_t half = sum > 0 ? count / 2 : -(count / 2);
    return (int8_t)mn_clamp((sum + half) / count, p->out_min, p->out_max);
}

static void four_channels(const mn_pool2d *p, mn_pool_window window, int8_t *y)
{
    int32_t sums[4] = {0, 0, 0, 0};
    for (int32_t i = 0; i < window.rows; i++, window.origin += p->in_w * p->channels) {
        mn_dsp_sum_run(window.origin, window.columns, p->channels, sums);
    }
    for (int32_t i = 0; i < 4; i++) {
        y[i] = average(p, sums[i], window.rows * window.columns);
    }
}

mn_status mn_average_pool2d_dsp(const mn_pool2d *p, const int8_t *x, int8_t *y)
{
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
            mn_pool_window window = mn_pool_window_at(p, x, out_y, out_x);
            if (window.rows <= 0 || window.columns <= 0) {
                return MN_ERROR_ARGUMENT;
            }
            for (int32_t c = 0; c < p->channels; c += 4, window.origin += 4, y += 4) {
                four_channels(p, window, y);
            }
        }
    }
    return MN_OK;
}

#endif
