/* SPDX-License-Identifier: Apache-2.0 */
/* SPLIT and UNPACK, int8, into equal parts; SPLIT_V into parts of any size. */
#ifndef MN_SPLIT_H
#define MN_SPLIT_H

#include "mn_model.h"

/* Seen from the split dimension, x is (outer, outputs, run_bytes). */
typedef struct {
    int32_t outputs, outer, run_bytes;
} mn_split;

/* No scratch. No output may overlap x. Always MN_OK. */
mn_status mn_split_s8(const mn_split *p, const int8_t *x, int8_t *const *y);

/* Seen from the split dimension, x is outer times all the parts' runs. */
typedef struct {
    const int32_t *run_bytes; /* of each output */
    int32_t outputs, outer;
} mn_split_v;

/* No scratch. No output may overlap x. Always MN_OK. */
mn_status mn_split_v_s8(const mn_split_v *p, const int8_t *x, int8_t *const *y);

#endif
