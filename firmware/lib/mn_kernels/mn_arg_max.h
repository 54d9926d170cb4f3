/* SPDX-License-Identifier: Apache-2.0 */
/* ARG_MAX of int8 to int32; the first of several maxima. x is (outer, depth, inner). */
#ifndef MN_ARG_MAX_H
#define MN_ARG_MAX_H

#include "mn_model.h"

typedef struct {
    int32_t outer, depth, inner;
} mn_arg_max;

/* No scratch. y: outer * inner int32. x and y must not overlap. Always MN_OK. */
mn_status mn_arg_max_s8(const mn_arg_max *p, const int8_t *x, int8_t *y);

#endif
