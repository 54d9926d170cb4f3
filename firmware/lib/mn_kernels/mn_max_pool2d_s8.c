/* SPDX-License-Identifier: Apache-2.0 */
/* MAX_POOL_2D. */
#include "mn_pool_window.h"
#include "mn_requant.h"

static int32_t window_max(mn_pool_window w, int32_t row_step, int32_t channels)
{
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < w.rows; i++, w.origin += row_step) {
        const int8_t *x = w.origin;
        for (int32_t j = 0; j < w.columns; j++, x += channels) {
            max = *x > max ? *x : max;
        }
    }
    return max;
}

mn_status mn_max_pool2d_s8(const mn_pool2d *p, const int8_t *x, int8_t *y)
{
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
            mn_pool_window window = mn_pool_window_at(p, x, out_y, out_x);
            if (window.rows <= 0 || window.columns <= 0) {
                return MN_ERROR_ARGUMENT;
            }
            for (int32_t c = 0; c < p->channels; c++, window.origin++) {
                const int32_t max = window_max(window, p->in_w * p->channels, p->channels);
                *y++ = (int8_t)mn_clamp(max, p->out_min, p->out_max);
            }
        }
    }
    return MN_OK;
}
