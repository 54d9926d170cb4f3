/* SPDX-License-Identifier: Apache-2.0 */
/* The DWT cycle counter of Armv7-M and Armv8-M Mainline (Armv7-M ARM, C1.8). */
#ifndef MN_DWT_H
#define MN_DWT_H

#include <stdbool.h>
#include <stdint.h>

#include "mn_register.h"

#define MN_DWT_CYCCNT MN_REGISTER(0xE0001004u)

#ifdef __thumb__
#define MN_DWT_WAIT "b 1f\n 1: nop\n nop\n nop"
#else /* tests on the host */
#define MN_DWT_WAIT "nop\n nop\n nop\n nop"
#endif

/* Switches CYCCNT on and returns whether it moves: it does not in QEMU or on a core without one. An emulator that
 * counts by blocks of code (Renode) moves it at branches only, so there is one between the readings. */
static inline bool mn_dwt_start(void)
{
    MN_REGISTER(0xE000EDFCu) |= 1u << 24; /* DEMCR.TRCENA */
    MN_REGISTER(0xE0001FB0u) = 0xC5ACCE55u; /* DWT_LAR: the Cortex-M7 starts locked; ignored elsewhere */
    MN_DWT_CYCCNT = 0;
    MN_REGISTER(0xE0001000u) |= 1u; /* DWT_CTRL.CYCCNTENA */
    const uint32_t before = MN_DWT_CYCCNT;
    __asm volatile(MN_DWT_WAIT ::: "memory");
    return MN_DWT_CYCCNT != before;
}

#endif
