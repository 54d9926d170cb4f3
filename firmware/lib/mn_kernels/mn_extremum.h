/* SPDX-License-Identifier: Apache-2.0 */
/* MAXIMUM and MINIMUM, int8, all tensors in one scale, with broadcasting. */
#ifndef MN_EXTREMUM_H
#define MN_EXTREMUM_H

#include "mn_broadcast.h"
#include "mn_model.h"

typedef struct {
    mn_broadcast shape;
} mn_extremum;

/* No scratch. y may be x1 or x2 if that operand is not repeated. Always MN_OK. */
mn_status mn_maximum_s8(const mn_extremum *p, const int8_t *x1, const int8_t *x2, int8_t *y);
mn_status mn_minimum_s8(const mn_extremum *p, const int8_t *x1, const int8_t *x2, int8_t *y);

#endif
