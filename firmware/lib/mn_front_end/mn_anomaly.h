/* SPDX-License-Identifier: Apache-2.0 */
/* The reconstruction error of an autoencoder from its int8 input and output. Whole numbers: the same on every core. */
#ifndef MN_ANOMALY_H
#define MN_ANOMALY_H

#include <stdint.h>

typedef struct {
    uint32_t values;     /* of the input, and of the output */
    int32_t ratio;       /* scale of the output / scale of the input, 16 fraction bits; at most 16 */
    int32_t input_zero;  /* zero points */
    int32_t output_zero;
    uint64_t least;      /* of an anomaly */
} mn_anomaly;

/* Writes the sum of squared differences to error, in units of (scale of the input / 256)^2. Returns 1 if it is at least
 * `least`, otherwise 0. A run of the network may overwrite its input: keep a copy. */
int32_t mn_anomaly_found(const mn_anomaly *p, const int8_t *input, const int8_t *output, uint64_t *error);

#endif
