/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes that the host loads, and their conversion to the network's input.
 *
 * int8 tasks get the bytes unchanged, uint8 tasks the byte - 128, float32 tasks the floats quantized by the
 * input's own scale. The network may overwrite its input, so the bytes are in a separate buffer and are copied for
 * every inference.
 */
#ifndef MLPERF_INPUT_H
#define MLPERF_INPUT_H

#include <stdbool.h>
#include <stdint.h>

/* Expects `bytes` bytes from now on; false, and nothing changes, when they do not fit the buffer. */
bool mlperf_input_expect(uint32_t bytes);

/* Bytes of the buffer. */
uint32_t mlperf_input_capacity(void);

/* Whether bytes are expected or have arrived. */
bool mlperf_input_any(void);

/* Whether all expected bytes have arrived. */
bool mlperf_input_loaded(void);

/* Stores the next byte; only while not all have arrived. */
void mlperf_input_put(uint8_t byte);

/* How many have arrived, and the one at `index` below that, as the host sent it. */
uint32_t mlperf_input_count(void);
uint8_t mlperf_input_byte(uint32_t index);

/* Prepares for any number of inferences. False after an e- line: not the network's input, or a NaN in it. */
bool mlperf_input_prepare(void);

/* Writes the network's input. */
void mlperf_input_give(void);

/* Mean squared difference between the network's output, dequantized, and the loaded floats (the anomaly score). */
float mlperf_input_error(void);

#endif
