/* SPDX-License-Identifier: Apache-2.0 */
/* Core instructions that C cannot express. */
#ifndef MN_CORE_INSTRUCTIONS_H
#define MN_CORE_INSTRUCTIONS_H

/* Sleeps until an interrupt is pending, also a masked one. */
static inline void mn_sleep_until_interrupt(void)
{
    __asm volatile("wfi" ::: "memory");
}

/* Completes all earlier accesses and refetches the following instructions. */
static inline void mn_barrier(void)
{
    __asm volatile("dsb\n isb" ::: "memory");
}

#endif
