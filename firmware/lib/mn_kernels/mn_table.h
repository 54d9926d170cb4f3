/* SPDX-License-Identifier: Apache-2.0 */
/* Any int8 -> int8 function as a table of its 256 values: LOGISTIC, TANH, HARD_SWISH, RELU, RELU6, ... */
#ifndef MN_TABLE_H
#define MN_TABLE_H

#include "mn_model.h"

typedef struct {
    const int8_t *values; /* values[x + 128] */
    int32_t count;
} mn_table;

/* No scratch; y may be x. Always MN_OK. */
mn_status mn_table_s8(const mn_table *p, const int8_t *x, int8_t *y);

#endif
