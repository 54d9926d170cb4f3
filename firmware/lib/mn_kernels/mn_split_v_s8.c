/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_split.h"

mn_status mn_split_v_s8(const mn_split_v *p, const int8_t *x, int8_t *const *y)
{
    for (int32_t o = 0; o < p->outer; o++) {
        for (int32_t i = 0; i < p->outputs; i++) {
            memcpy(y[i] + o * p->run_bytes[i], x, (size_t)p->run_bytes[i]);
            x += p->run_bytes[i];
        }
    }
    return MN_OK;
}
