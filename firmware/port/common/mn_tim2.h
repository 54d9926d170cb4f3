/* SPDX-License-Identifier: Apache-2.0 */
/* TIM2 as a free-running counter at the core's clock, where it has 32 bits: the same registers in every family. */
#ifndef MN_TIM2_H
#define MN_TIM2_H

#include "mn_board.h"
#include "mn_register.h"

#define MN_TIM2_CNT MN_REGISTER(0x40000024u)

#ifdef MN_TIM2_CLOCK_REGISTER
static inline void mn_tim2_start(void)
{
    MN_REGISTER(MN_TIM2_CLOCK_REGISTER) |= 1u << MN_TIM2_CLOCK_BIT;
    (void)MN_REGISTER(MN_TIM2_CLOCK_REGISTER);
    MN_REGISTER(0x40000028u) = 0; /* PSC */
    MN_REGISTER(0x4000002Cu) = 0xFFFFFFFFu; /* ARR */
    MN_REGISTER(0x40000014u) = 1u; /* EGR: take the prescaler over */
    MN_REGISTER(0x40000000u) = 1u; /* CR1 */
}
#endif

#endif
