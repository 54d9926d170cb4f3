/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLPERF_INFER_H
#define MLPERF_INFER_H

#include <stdint.h>

/* Runs the loaded input `warm_ups` times and then `inferences` times between two time stamps; answers with all that
 * the host expects of it, or with an e- line. */
void mlperf_infer(uint32_t inferences, uint32_t warm_ups);

/* The last inference's output: probabilities, or the error score. */
void mlperf_results(void);

#endif
