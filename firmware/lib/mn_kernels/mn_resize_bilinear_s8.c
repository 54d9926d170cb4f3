/* SPDX-License-Identifier: Apache-2.0 */
/* The sum of four weighted neighbours is below 2^29: shares lie between -1/2 and 1. */
#include "mn_resize_bilinear.h"

enum { ONE = 1 << 10, HALF = 1 << 19 };

/* value / 2^20, halves away from zero. */
static int8_t rounded(int32_t value)
{
    return (int8_t)((value + (value > 0 ? HALF : -HALF)) / (1 << 20));
}

static void pixel(const mn_resize_bilinear *p, const int8_t *top, const int8_t *bottom, int32_t down,
                  mn_between across, int8_t *y)
{
    const int32_t left = across.low * p->channels, right = across.high * p->channels;
    for (int32_t c = 0; c < p->channels; c++) {
        const int32_t above = (ONE - across.share) * top[left + c] + across.share * top[right + c];
        const int32_t below = (ONE - across.share) * bottom[left + c] + across.share * bottom[right + c];
        y[c] = rounded((ONE - down) * above + down * below);
    }
}

mn_status mn_resize_bilinear_s8(const mn_resize_bilinear *p, const int8_t *x, int8_t *y)
{
    const int32_t row_bytes = p->in_w * p->channels;
    for (int32_t i = 0; i < p->out_h; i++) {
        const int8_t *const top = x + p->rows[i].low * row_bytes;
        const int8_t *const bottom = x + p->rows[i].high * row_bytes;
        for (int32_t j = 0; j < p->out_w; j++, y += p->channels) {
            pixel(p, top, bottom, p->rows[i].share, p->columns[j], y);
        }
    }
    return MN_OK;
}
