/* SPDX-License-Identifier: Apache-2.0 */
#include "mlperf_text.h"
#include "mlperf_time.h"
#include "mlperf_timestamp.h"
#include "mn_mlperf.h"
#include "mn_port.h"

#if !MN_MLPERF_ENERGY

void mlperf_timestamp_start(void)
{
    mlperf_text("m-timestamp-mode-performance");
    mlperf_end_line();
}

void mlperf_timestamp(void)
{
    if (mn_port_counter_kind() == MN_COUNTER_NONE) {
        mlperf_error("No counter moves on this device, so there is no time");
        return;
    }
    const uint64_t now = mlperf_microseconds();
    mlperf_text("m-lap-us-");
    mlperf_decimal(now);
    mlperf_end_line();
}

#endif
