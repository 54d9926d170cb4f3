/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_anomaly.h"

int32_t mn_anomaly_found(const mn_anomaly *p, const int8_t *input, const int8_t *output, uint64_t *error)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->values; i++) {
        const int32_t given = (input[i] - p->input_zero) * 65536, made = (output[i] - p->output_zero) * p->ratio;
        const int32_t apart = made > given ? made - given : given - made;
        const uint64_t steps = (uint64_t)apart >> 8;
        sum += steps * steps;
    }
    *error = sum;
    return sum >= p->least;
}
