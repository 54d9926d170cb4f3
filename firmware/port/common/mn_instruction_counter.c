#include "mn_instruction_counter.h"

enum { ROUNDS = 100, BRANCH_LOOP_INSTRUCTIONS = 2, MIXED_LOOP_INSTRUCTIONS = 8 };

/* Reads, loop and reads again in one block, which the compiler cannot reorder. */
#define TIME_LOOP(body)                               \
    uint32_t before;                                  \
    uint32_t after;                                   \
    __asm volatile("ldr %0, [%3]\n"                   \
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

bool mn_counts_instructions(const volatile uint32_t *counter)
{
    const uint32_t branch = time_branch_loop(counter, 2 * ROUNDS) - time_branch_loop(counter, ROUNDS);
    const uint32_t mixed = time_mixed_loop(counter, 2 * ROUNDS) - time_mixed_loop(counter, ROUNDS);
    return branch == ROUNDS * BRANCH_LOOP_INSTRUCTIONS && mixed == ROUNDS * MIXED_LOOP_INSTRUCTIONS;
}
