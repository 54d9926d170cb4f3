/* SPDX-License-Identifier: Apache-2.0 */
/* Executed instructions from COUNTER of the FPGA's I/O block (Arm AN386 4.3), which runs freely at the FPGA's
 * clock.
 *
 * With QEMU's -icount an instruction takes 2^shift ns of virtual time, MN_RATIO_TICKS ticks per
 * MN_RATIO_INSTRUCTIONS instructions. A difference of two readings is off by less than one tick. As long as an
 * instruction is more than two ticks, the nearest number of instructions is therefore the exact one. Readings are
 * added up one by one, so no error accumulates; up to 2^32 ticks, 1.3e9 instructions, may be between two.
 */
#include "mn_counter.h"

#include "mn_board.h"
#include "mn_instruction_counter.h"
#include "mn_register.h"

#define COUNTER MN_REGISTER(MN_COUNTER_REGISTER)

_Static_assert(MN_RATIO_TICKS > 2 * MN_RATIO_INSTRUCTIONS, "too coarse to tell one instruction from two");

static mn_counter_kind kind;
static uint32_t last_ticks;
static uint32_t instructions;

static uint32_t nearest_instructions(uint32_t ticks)
{
    const uint64_t rounded = (uint64_t)ticks * MN_RATIO_INSTRUCTIONS + MN_RATIO_TICKS / 2;
    return (uint32_t)(rounded / MN_RATIO_TICKS);
}

mn_counter_kind mn_counter_start(void)
{
    kind = mn_ticks_count_instructions(&COUNTER, nearest_instructions) ? MN_COUNTER_INSTRUCTIONS : MN_COUNTER_NONE;
    last_ticks = COUNTER;
    return kind;
}

/* The conversion is between the two readings, so no count includes it. */
uint32_t mn_counter_read(void)
{
    if (kind == MN_COUNTER_NONE) {
        return 0;
    }
    instructions += nearest_instructions(COUNTER - last_ticks);
    last_ticks = COUNTER;
    return instructions;
}

mn_counted_by mn_counter_counted_by(void)
{
    return kind == MN_COUNTER_NONE ? MN_COUNTED_BY_NONE : MN_COUNTED_BY_FPGAIO;
}
