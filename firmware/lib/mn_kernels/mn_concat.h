/* SPDX-License-Identifier: Apache-2.0 */
/* CONCATENATION, int8, all inputs in the output's scale. */
#ifndef MN_CONCAT_H
#define MN_CONCAT_H

#include "mn_model.h"

/* Seen from the concatenated dimension, input i is (outer, run_bytes[i]). */
typedef struct {
    const int32_t *run_bytes;
    int32_t inputs, outer;
} mn_concat;

/* No scratch. No input may overlap y. Always MN_OK. */
mn_status mn_concat_s8(const mn_concat *p, const int8_t *const *x, int8_t *y);

#endif
