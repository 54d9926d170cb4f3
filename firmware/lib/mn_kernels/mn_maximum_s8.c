/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_extremum.h"

static void line(const void *params, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    const mn_broadcast *s = &((const mn_extremum *)params)->shape;
    for (int32_t i = 0; i < s->extent[3]; i++, x1 += s->step1[3], x2 += s->step2[3]) {
        y[i] = *x1 > *x2 ? *x1 : *x2;
    }
}

mn_status mn_maximum_s8(const mn_extremum *p, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    mn_broadcast_lines(&p->shape, line, p, x1, x2, y);
    return MN_OK;
}
