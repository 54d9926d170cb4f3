/* SPDX-License-Identifier: Apache-2.0 */
/* The time mark for the host: a line with microseconds, or in energy mode a pulse on a pin. */
#ifndef MLPERF_TIMESTAMP_H
#define MLPERF_TIMESTAMP_H

void mlperf_timestamp_start(void);

void mlperf_timestamp(void);

#endif
