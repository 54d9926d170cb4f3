/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_concat.h"

mn_status mn_concat_s8(const mn_concat *p, const int8_t *const *x, int8_t *y)
{
    for (int32_t o = 0; o < p->outer; o++) {
        for (int32_t i = 0; i < p->inputs; i++) {
            const int32_t bytes = p->run_bytes[i];
            memcpy(y, x[i] + o * bytes, (size_t)bytes);
            y += bytes;
        }
    }
    return MN_OK;
}
