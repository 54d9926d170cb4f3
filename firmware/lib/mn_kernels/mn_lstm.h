/* SPDX-License-Identifier: Apache-2.0 */
/* UNIDIRECTIONAL_SEQUENCE_LSTM, int8 with an int16 cell state, over the steps of one sequence. */
#ifndef MN_LSTM_H
#define MN_LSTM_H

#include "mn_model.h"

/* Both sums of a gate are rescaled to Q3.12 on their own; zero points are folded into the biases. */
typedef struct {
    const int8_t *weights;           /* unit, input */
    const int8_t *recurrent_weights; /* unit, unit */
    const int32_t *bias, *recurrent_bias;
    int32_t input_multiplier, input_shift;
    int32_t recurrent_multiplier, recurrent_shift;
} mn_lstm_gate;

typedef struct {
    mn_lstm_gate gates[4]; /* input, forget, cell, output */
    int32_t steps, in_n, units;
    int32_t forget_multiplier, forget_shift; /* forget gate times cell */
    int32_t update_multiplier, update_shift; /* input gate times cell gate */
    int32_t hidden_multiplier, hidden_shift; /* output gate times tanh of the cell */
    int32_t clip;                            /* largest magnitude of the cell; 0: any */
    int32_t tanh_shift;                      /* the cell's unit is 2^(tanh_shift - 12) */
    int32_t out_zero_point;
} mn_lstm;

/* No scratch. x is (step, in_n), y (step, unit). `hidden` (int8) and `cell` (int16, aligned to words) are changed. Nothing
 * may overlap. Always MN_OK. */
mn_status mn_lstm_s8(const mn_lstm *p, const int8_t *x, int8_t *y, int8_t *hidden, int8_t *cell);

#endif
