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
#include "mn_register.h"

#define TIM2_CR1 MN_REGISTER(0x40000000u)
#define TIM2_EGR MN_REGISTER(0x40000014u)
#define TIM2_CNT MN_REGISTER(0x40000024u)
#define TIM2_PSC MN_REGISTER(0x40000028u)
#define TIM2_ARR MN_REGISTER(0x4000002Cu)

enum { NOPS = 64 };

static mn_counter_kind kind;

static void start_tim2(void)
{
    MN_REGISTER(MN_TIM2_CLOCK_REGISTER) |= 1u << MN_TIM2_CLOCK_BIT;
    (void)MN_REGISTER(MN_TIM2_CLOCK_REGISTER);
    TIM2_PSC = 0;
    TIM2_ARR = 0xFFFFFFFFu;
    TIM2_EGR = 1u; /* take the prescaler over */
    TIM2_CR1 = 1u;
}

static uint32_t ticks_of_nops(void)
{
    const uint32_t before = TIM2_CNT;
    __asm volatile(".rept %c0\n nop\n .endr" ::"i"(NOPS) : "memory");
    return TIM2_CNT - before;
}

static mn_counter_kind judge(void)
{
    if (mn_counts_instructions(&TIM2_CNT)) {
        return MN_COUNTER_INSTRUCTIONS;
    }
    return ticks_of_nops() >= NOPS ? MN_COUNTER_CYCLES : MN_COUNTER_NONE;
}

mn_counter_kind mn_counter_start(void)
{
    start_tim2();
    kind = judge();
    return kind;
}

uint32_t mn_counter_read(void)
{
    return kind == MN_COUNTER_NONE ? 0 : TIM2_CNT;
}

mn_counted_by mn_counter_counted_by(void)
{
    return kind == MN_COUNTER_NONE ? MN_COUNTED_BY_NONE : MN_COUNTED_BY_TIM2;
}
