/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether a timer counts instructions: only in an emulator with one tick per instruction. */
#ifndef MN_INSTRUCTION_COUNTER_H
#define MN_INSTRUCTION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/* True when *counter advances by exactly one per executed instruction: two loops of different mixes, each run
 * for two lengths, so that the cost of calling and reading drops out. On silicon taken branches and divisions
 * take several cycles, so no timer clock satisfies both. */
bool mn_counts_instructions(const volatile uint32_t *counter);

/* The same for a timer with several ticks per instruction: `instructions_in` turns a difference of its readings
 * into instructions. */
bool mn_ticks_count_instructions(const volatile uint32_t *ticks, uint32_t (*instructions_in)(uint32_t ticks));

#endif
