/* SPDX-License-Identifier: Apache-2.0 */
/* Windows of a stream of sensor rows as int8 inputs of a network. Normalisation and quantization are one product and
 * one sum per value; rows are quantized when they come, so that a window takes a byte per value. */
#ifndef MN_STREAM_H
#define MN_STREAM_H

#include <stdint.h>

typedef struct {
    uint16_t channels;   /* values of a row */
    uint16_t window;     /* rows of an input */
    const float *gains;  /* per channel: input = value x gain + offset, rounded to nearest and clamped to int8 */
    const float *offsets;
} mn_stream;

/* The caller's memory: rows of window x channels. */
typedef struct {
    int8_t *rows;
    uint32_t next_row; /* of the ring */
    uint32_t held;     /* rows since the start, at most window */
} mn_stream_state;

/* Forgets all rows. */
void mn_stream_reset(mn_stream_state *state);

/* Takes one row: a value per channel, in the units of the training data. NaN becomes the input 0. */
void mn_stream_push(const mn_stream *p, mn_stream_state *state, const float *row);

/* Writes the latest rows, oldest first, to input: window x channels values. Before there are that many rows it writes
 * nothing and returns 0, otherwise 1. */
int32_t mn_stream_input(const mn_stream *p, const mn_stream_state *state, int8_t *input);

#endif
