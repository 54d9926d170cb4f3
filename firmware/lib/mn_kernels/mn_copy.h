/* SPDX-License-Identifier: Apache-2.0 */
/* RESHAPE, SQUEEZE, EXPAND_DIMS: the same bytes under another shape. */
#ifndef MN_COPY_H
#define MN_COPY_H

#include "mn_model.h"

typedef struct {
    int32_t bytes;
} mn_copy;

/* No scratch; y may be x, and then nothing happens. Any overlap is allowed. Always MN_OK. */
mn_status mn_copy_s8(const mn_copy *p, const int8_t *x, int8_t *y);

#endif
