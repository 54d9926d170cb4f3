/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_instruction_counter.h"

enum { ROUNDS = 100, BRANCH_LOOP_INSTRUCTIONS = 2, MIXED_LOOP_INSTRUCTIONS = 8 };

/* Reads, loops and reads again in one piece, which the compiler cannot reorder.
 *
 * An emulator that translates block by block counts a block when it ends: Renode's reading leaves out the block being
 * executed. So each reading starts a separate block, the first by a branch to the next instruction, the second because
 * the loop's branch comes before it. What the compiler puts around them then never counts. */
#define TIME_LOOP(body)                               \
    uint32_t before;                                  \
    uint32_t after;                                   \
    __asm volatile(".syntax unified\n"                \
                   "b 2f\n"                           \
                   "2:\n"                             \
                   "ldr %0, [%3]\n"                   \
                   "1:\n" body                        \
                   "subs %2, %2, #1\n"                \
                   "bne 1b\n"                         \
                   "ldr %1, [%3]\n"                   \
                   : "=&l"(before), "=&l"(after), "+l"(rounds) \
                   : "l"(counter)                     \
                   : "cc", "memory");                 \
    return after - before

static uint32_t time_branch_loop(const volatile uint32_t *counter, uint32_t rounds)
{
    TIME_LOOP("");
}

static uint32_t time_mixed_loop(const volatile uint32_t *counter, uint32_t rounds)
{
    TIME_LOOP("nop\n nop\n nop\n nop\n nop\n nop\n");
}

/* Inlined, so that a counter that needs no conversion pays for none. */
__attribute__((always_inline)) static inline bool proves(const volatile uint32_t *counter,
                                                         uint32_t (*instructions_in)(uint32_t ticks))
{
    const uint32_t branch = instructions_in(time_branch_loop(counter, 2 * ROUNDS)) -
                            instructions_in(time_branch_loop(counter, ROUNDS));
    const uint32_t mixed = instructions_in(time_mixed_loop(counter, 2 * ROUNDS)) -
                           instructions_in(time_mixed_loop(counter, ROUNDS));
    return branch == ROUNDS * BRANCH_LOOP_INSTRUCTIONS && mixed == ROUNDS * MIXED_LOOP_INSTRUCTIONS;
}

static uint32_t itself(uint32_t ticks)
{
    return ticks;
}

bool mn_counts_instructions(const volatile uint32_t *counter)
{
    return proves(counter, itself);
}

bool mn_ticks_count_instructions(const volatile uint32_t *ticks, uint32_t (*instructions_in)(uint32_t ticks))
{
    return proves(ticks, instructions_in);
}
