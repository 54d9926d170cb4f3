/* SPDX-License-Identifier: Apache-2.0 */
#include "mlperf_about.h"

#include "mlperf_text.h"
#include "mlperf_time.h"
#include "mn_board.h"
#include "mn_build_id.h"
#include "mn_mlperf.h"
#include "mn_port.h"

static void build_line(void)
{
    mlperf_text("build ");
    for (int i = 0; i < MN_BUILD_ID_BYTES; i++) {
        mlperf_hex(mn_build_id[i], 2);
    }
    mlperf_end_line();
}

static void clock_line(void)
{
    mlperf_text("clock ");
    mlperf_decimal(mn_port_clock().hz);
    mlperf_end_line();
}

static void counter_line(void)
{
    mlperf_text("counter ");
    switch (mlperf_counter_kind()) {
    case MN_COUNTER_CYCLES: mlperf_text("cycles"); break;
    case MN_COUNTER_INSTRUCTIONS:
        mlperf_text("instructions: EMULATED, microseconds are instructions x ");
        mlperf_thousandths((float)MN_MLPERF_CYCLES_PER_1000_INSTRUCTIONS / 1000.0f);
        mlperf_text(" cycles / ");
        mlperf_decimal(MN_CLOCK_HZ);
        mlperf_text(" Hz");
        break;
    default: mlperf_text("none"); break;
    }
    mlperf_end_line();
}

void mlperf_about(void)
{
    mlperf_text("board " MN_BOARD_NAME "\r\n");
    build_line();
    clock_line();
    counter_line();
}

void mlperf_name(void)
{
    mlperf_text("m-name-dut-[micronas " MN_BOARD_NAME);
    if (mlperf_counter_kind() == MN_COUNTER_INSTRUCTIONS) {
        mlperf_text(" EMULATED");
    }
    mlperf_text("]\r\n");
}
