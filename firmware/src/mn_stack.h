/* SPDX-License-Identifier: Apache-2.0 */
/* The stack: a section of its own, painted at reset so that its high-water mark can be read later. */
#ifndef MN_STACK_H
#define MN_STACK_H

#include <stdint.h>

#define MN_STACK_PAINT 0xA5C3E187u

/* From the linker script: lowest word, and the first past the stack (the initial stack pointer). */
extern uint32_t mn_ld_stack_start[], mn_ld_stack_end[];

static inline uint32_t mn_stack_bytes(void)
{
    return (uint32_t)((uintptr_t)mn_ld_stack_end - (uintptr_t)mn_ld_stack_start);
}

/* Bytes of the stack that were ever written, as far as the paint tells. */
uint32_t mn_stack_high_water(void);

#endif
