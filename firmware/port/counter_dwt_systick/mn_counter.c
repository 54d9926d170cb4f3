/* SPDX-License-Identifier: Apache-2.0 */
/* Cycles from the DWT, for chips whose TIM2 has 16 bits. Where it does not count, as in QEMU, SysTick (Armv7-M ARM
 * B3.3) is tried, and believed only if it proves to count instructions.
 *
 * QEMU's STM32F100 clocks SysTick at 24 MHz, and micronas/device/qemu.py lets an instruction take 128 ns: 3.072 ticks.
 * The nearest number of instructions is then the exact one, see port/mps2/mn_counter.c. SysTick counts 24 bits down;
 * every reading restarts it, so that COUNTFLAG shows an interval of more than 2^24 ticks, 5.4 million instructions,
 * for certain. Such an interval counts 2^31, which the host refuses; waiting for the host is one, but in no count.
 */
#include "mn_counter.h"

#include "mn_board.h"
#include "mn_dwt.h"
#include "mn_instruction_counter.h"
#include "mn_register.h"

#define SYST_CSR MN_REGISTER(0xE000E010u)
#define SYST_RVR MN_REGISTER(0xE000E014u)
#define SYST_CVR MN_REGISTER(0xE000E018u)

#define CSR_ENABLE (1u << 0)
#define CSR_CORE_CLOCK (1u << 2)
#define CSR_COUNTFLAG (1u << 16)

#define UNKNOWN_INSTRUCTIONS 0x80000000u

enum { TURN = 0xFFFFFF, TICKS = 384, PER_INSTRUCTIONS = 125 };

static mn_counter_kind kind;
static uint32_t instructions;

static uint32_t nearest_instructions(uint32_t ticks)
{
    return (ticks * PER_INSTRUCTIONS + TICKS / 2u) / TICKS;
}

static uint32_t instructions_down(uint32_t negative_ticks)
{
    return nearest_instructions((0u - negative_ticks) & TURN);
}

/* Also clears COUNTFLAG. The next tick loads TURN. */
static void start_anew(void)
{
    SYST_CVR = 0;
}

static bool systick_counts_instructions(void)
{
    SYST_RVR = TURN;
    start_anew();
    SYST_CSR = CSR_ENABLE | CSR_CORE_CLOCK;
    const bool proven = mn_ticks_count_instructions(&SYST_CVR, instructions_down);
    start_anew();
    return proven;
}

mn_counter_kind mn_counter_start(void)
{
    if (mn_dwt_start()) {
        kind = MN_COUNTER_CYCLES;
    } else {
        kind = systick_counts_instructions() ? MN_COUNTER_INSTRUCTIONS : MN_COUNTER_NONE;
    }
    return kind;
}

static uint32_t add_interval(void)
{
    const uint32_t ticks = TURN - SYST_CVR + 1u; /* one to load TURN */
    const bool turned = (SYST_CSR & CSR_COUNTFLAG) != 0;
    instructions += turned ? UNKNOWN_INSTRUCTIONS : nearest_instructions(ticks);
    start_anew();
    return instructions;
}

uint32_t mn_counter_read(void)
{
    switch (kind) {
    case MN_COUNTER_CYCLES: return MN_DWT_CYCCNT;
    case MN_COUNTER_INSTRUCTIONS: return add_interval();
    default: return 0;
    }
}

mn_counted_by mn_counter_counted_by(void)
{
    switch (kind) {
    case MN_COUNTER_CYCLES: return MN_COUNTED_BY_DWT;
    case MN_COUNTER_INSTRUCTIONS: return MN_COUNTED_BY_SYSTICK;
    default: return MN_COUNTED_BY_NONE;
    }
}
