/* SPDX-License-Identifier: Apache-2.0 */
/* Cycles from the DWT. Where it does not count, as in QEMU, a 32-bit TIM2 is tried, and believed only if it
 * proves to count instructions. */
#include "mn_counter.h"

#include "mn_board.h"
#include "mn_dwt.h"
#include "mn_instruction_counter.h"
#include "mn_tim2.h"

static mn_counter_kind kind;

#ifdef MN_TIM2_CLOCK_REGISTER
static bool tim2_counts_instructions(void)
{
    mn_tim2_start();
    return mn_counts_instructions(&MN_TIM2_CNT);
}
#else /* a 16-bit TIM2 would wrap within a layer */
static bool tim2_counts_instructions(void)
{
    return false;
}
#endif

mn_counter_kind mn_counter_start(void)
{
    if (mn_dwt_start()) {
        kind = MN_COUNTER_CYCLES;
    } else {
        kind = tim2_counts_instructions() ? MN_COUNTER_INSTRUCTIONS : MN_COUNTER_NONE;
    }
    return kind;
}

uint32_t mn_counter_read(void)
{
    switch (kind) {
    case MN_COUNTER_CYCLES: return MN_DWT_CYCCNT;
    case MN_COUNTER_INSTRUCTIONS: return MN_TIM2_CNT;
    default: return 0;
    }
}

mn_counted_by mn_counter_counted_by(void)
{
    switch (kind) {
    case MN_COUNTER_CYCLES: return MN_COUNTED_BY_DWT;
    case MN_COUNTER_INSTRUCTIONS: return MN_COUNTED_BY_TIM2;
    default: return MN_COUNTED_BY_NONE;
    }
}
