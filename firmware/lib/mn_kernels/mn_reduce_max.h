/* SPDX-License-Identifier: Apache-2.0 */
/* REDUCE_MAX, int8. x is (outer, reduced, middle, reduced2, inner), y is (outer, middle, inner). */
#ifndef MN_REDUCE_MAX_H
#define MN_REDUCE_MAX_H

#include "mn_model.h"

typedef struct {
    int32_t outer, reduced, middle, reduced2, inner;
} mn_reduce_max;

/* No scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_reduce_max_s8(const mn_reduce_max *p, const int8_t *x, int8_t *y);

#endif
