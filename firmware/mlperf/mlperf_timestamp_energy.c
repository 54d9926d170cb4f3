/* SPDX-License-Identifier: Apache-2.0 */
/* A falling edge is the mark; the pin must then stay low for at least 1 us. */
#include "mlperf_text.h"
#include "mlperf_timestamp.h"
#include "mn_mlperf.h"
#include "mn_pin.h"
#include "mn_port.h"

#if MN_MLPERF_ENERGY

enum { LOW_US = 20 };

/* A round takes at least one cycle, so this is a lower bound on any core. */
static void wait_at_least(uint32_t us)
{
    const uint32_t rounds = mn_port_clock().hz / 1000000u * us;
    for (uint32_t i = 0; i < rounds; i++) {
        __asm volatile("" ::: "memory");
    }
}

void mlperf_timestamp_start(void)
{
    mn_pin_output_high(MN_MLPERF_PIN_PORT, MN_MLPERF_PIN);
    mlperf_text("m-timestamp-mode-energy");
    mlperf_end_line();
}

void mlperf_timestamp(void)
{
    mn_pin_write(MN_MLPERF_PIN_PORT, MN_MLPERF_PIN, 0);
    wait_at_least(LOW_US);
    mn_pin_write(MN_MLPERF_PIN_PORT, MN_MLPERF_PIN, 1);
}

#endif
