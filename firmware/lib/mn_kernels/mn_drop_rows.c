/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_rows.h"

/* Upwards, so that the two ranges may overlap: by words where both start at one. */
mn_status mn_drop_rows(int8_t *buffer, int32_t dropped, int32_t kept)
{
    if (dropped % 4 == 0) {
        uint32_t *to = (uint32_t *)(void *)buffer;
        const uint32_t *from = to + dropped / 4;
        for (; kept >= 16 && dropped >= 16; kept -= 16, to += 4, from += 4) {
            const uint32_t a = from[0], b = from[1], c = from[2], d = from[3];
            to[0] = a;
            to[1] = b;
            to[2] = c;
            to[3] = d;
        }
        for (; kept >= 4; kept -= 4) {
            *to++ = *from++;
        }
        buffer = (int8_t *)(void *)to;
    }
    for (; kept > 0; kept--, buffer++) {
        *buffer = buffer[dropped];
    }
    return MN_OK;
}
