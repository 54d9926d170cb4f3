/* SPDX-License-Identifier: Apache-2.0 */
/* Microseconds since the start, from the port's 32-bit counter.
 *
 * The counter wraps, at 168 MHz every 25 s. It is therefore read at every operator and all the while the firmware
 * waits for a byte: mlperf_idle() does not sleep, because a cycle counter stands still in sleep.
 *
 * In an emulator the counter counts executed instructions; they become microseconds by the board profile's cycles per
 * instruction and clock, an estimate. A waiting emulator sleeps, and its time stands still.
 */
#ifndef MLPERF_TIME_H
#define MLPERF_TIME_H

#include <stdint.h>

#include "mn_port.h"

/* What the counter counts. In an emulator whose cycle counter ticks once per instruction, a firmware that was built for
 * it (MN_MLPERF_EMULATED) knows better than its port. */
mn_counter_kind mlperf_counter_kind(void);

/* Before anything else of this header. */
void mlperf_time_start(void);

/* Adds the counter's progress; call at least once per period of the counter. */
void mlperf_time_update(void);

/* For mn_port_read(): adds the progress, and sleeps if that stops no clock. */
void mlperf_idle(void);

/* Never decreases. */
uint64_t mlperf_microseconds(void);

#endif
