/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_table.h"

mn_status mn_table_s8(const mn_table *p, const int8_t *x, int8_t *y)
{
    const int8_t *const centre = p->values + 128;
    for (int32_t i = 0; i < p->count; i++) {
        y[i] = centre[x[i]];
    }
    return MN_OK;
}
