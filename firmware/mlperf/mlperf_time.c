/* SPDX-License-Identifier: Apache-2.0 */
#include "mlperf_time.h"

#include "mn_board.h"
#include "mn_core_instructions.h"
#include "mn_mlperf.h"
#include "mn_port.h"

static uint64_t counts;
static uint32_t last;

mn_counter_kind mlperf_counter_kind(void)
{
    const mn_counter_kind kind = mn_port_counter_kind();
    return MN_MLPERF_EMULATED && kind == MN_COUNTER_CYCLES ? MN_COUNTER_INSTRUCTIONS : kind;
}

void mlperf_time_start(void)
{
    last = mn_port_counter();
}

void mlperf_time_update(void)
{
    const uint32_t now = mn_port_counter();
    counts += now - last;
    last = now;
}

/* value * 1000000 / hz, in two parts so that no product exceeds 64 bits before 500,000 years are over. */
static uint64_t microseconds_of(uint64_t cycles, uint32_t hz)
{
    return cycles / hz * 1000000u + cycles % hz * 1000000u / hz;
}

uint64_t mlperf_microseconds(void)
{
    mlperf_time_update();
    if (mlperf_counter_kind() == MN_COUNTER_INSTRUCTIONS) {
        const uint64_t cycles = counts / 1000u * MN_MLPERF_CYCLES_PER_1000_INSTRUCTIONS +
                                counts % 1000u * MN_MLPERF_CYCLES_PER_1000_INSTRUCTIONS / 1000u;
        return microseconds_of(cycles, MN_CLOCK_HZ);
    }
    return microseconds_of(counts, mn_port_clock().hz);
}

void mlperf_idle(void)
{
    if (MN_MLPERF_ENERGY || mlperf_counter_kind() != MN_COUNTER_CYCLES) {
        mn_sleep_until_interrupt();
    }
    mlperf_time_update();
}
