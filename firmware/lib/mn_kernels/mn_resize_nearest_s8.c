/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_resize_nearest.h"

mn_status mn_resize_nearest_s8(const mn_resize_nearest *p, const int8_t *x, int8_t *y)
{
    for (int32_t i = 0; i < p->out_h; i++) {
        const int8_t *row = x + p->rows[i] * p->in_w * p->channels;
        for (int32_t j = 0; j < p->out_w; j++, y += p->channels) {
            memcpy(y, row + p->columns[j] * p->channels, (size_t)p->channels);
        }
    }
    return MN_OK;
}
