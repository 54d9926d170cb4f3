/* SPDX-License-Identifier: Apache-2.0 */
/* BATCH_MATMUL, int8: products of matrices, up to three batch dimensions that broadcast. */
#ifndef MN_BATCH_MATMUL_H
#define MN_BATCH_MATMUL_H

#include "mn_model.h"

/* Steps are in elements; a batch step is 0 where the operand is repeated. */
typedef struct {
    int32_t batches[3], batch_step1[3], batch_step2[3];
    int32_t rows, depth, columns;
    int32_t row_step1, term_step1;
    int32_t term_step2, column_step2;
    int32_t multiplier, shift;
    int16_t offset1, offset2; /* less the zero points */
    int16_t out_zero_point;
} mn_batch_matmul;

/* No scratch. y must not overlap an operand. Always MN_OK. */
mn_status mn_batch_matmul_s8(const mn_batch_matmul *p, const int8_t *x1, const int8_t *x2, int8_t *y);

#endif
