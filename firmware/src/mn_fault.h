/* SPDX-License-Identifier: Apache-2.0 */
/* One message about a fault, then stop: no silent hard fault, no half-working board. */
#ifndef MN_FAULT_H
#define MN_FAULT_H

#include <stdint.h>

#include "mn_stack.h"

/* Words of an exception frame. */
enum { MN_FAULT_LR = 5, MN_FAULT_PC = 6, MN_FAULT_PSR = 7, MN_FAULT_WORDS = 8 };

/* Every exception vector. Does not return. */
void mn_fault_entry(void);

/* Sends the message. `frame` is where the stack pointer was. The firmware's own, on a stack that works. */
__attribute__((noreturn)) void mn_fault_report(const uint32_t *frame);

/* A word of the exception frame, or 0: after a stack overflow it lies outside of the stack and was never written. */
static inline uint32_t mn_fault_word(const uint32_t *frame, int word)
{
    const int readable = frame >= mn_ld_stack_start && frame + MN_FAULT_WORDS <= mn_ld_stack_end;
    return readable ? frame[word] : 0;
}

#endif
