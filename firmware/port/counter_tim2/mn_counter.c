/* SPDX-License-Identifier: Apache-2.0 */
/* Cycles from a 32-bit TIM2, for cores without a cycle counter (Cortex-M0+). The bus prescalers are 1 in every clock
 * that port/clock_l4 may end with, so the timer counts the core's cycles. SysTick would turn every 2^24 cycles, less
 * than one slow op, and needs an interrupt to count its turns.
 *
 * An emulator's timer ticks at a rate of its own. A counter that proves to count instructions is called that; one
 * with fewer ticks than instructions, as no core of this kind can have cycles, is not believed.
 */
#include "mn_counter.h"

#include "mn_board.h"
#include "mn_instruction_counter.h"
#include "mn_tim2.h"

enum { NOPS = 64 };

static mn_counter_kind kind;

static uint32_t ticks_of_nops(void)
{
    const uint32_t before = MN_TIM2_CNT;
    __asm volatile(".rept %c0\n nop\n .endr" ::"i"(NOPS) : "memory");
    return MN_TIM2_CNT - before;
}

static mn_counter_kind judge(void)
{
    if (mn_counts_instructions(&MN_TIM2_CNT)) {
        return MN_COUNTER_INSTRUCTIONS;
    }
    return ticks_of_nops() >= NOPS ? MN_COUNTER_CYCLES : MN_COUNTER_NONE;
}

mn_counter_kind mn_counter_start(void)
{
    mn_tim2_start();
    kind = judge();
    return kind;
}

uint32_t mn_counter_read(void)
{
    return kind == MN_COUNTER_NONE ? 0 : MN_TIM2_CNT;
}

mn_counted_by mn_counter_counted_by(void)
{
    return kind == MN_COUNTER_NONE ? MN_COUNTED_BY_NONE : MN_COUNTED_BY_TIM2;
}
