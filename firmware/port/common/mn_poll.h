/* SPDX-License-Identifier: Apache-2.0 */
/* Polling with a bound: hardware that never becomes ready must not hang the firmware. */
#ifndef MN_POLL_H
#define MN_POLL_H

#include <stdbool.h>
#include <stdint.h>

/* About 100 ms at 16 MHz, far above every start-up time of a data sheet (HSE crystal: 2 ms typical), and
 * 15 ms of an emulator that has no such register. */
#define MN_POLL_LIMIT 200000u

/* Waits until (*address & mask) == wanted; false when that does not happen within MN_POLL_LIMIT reads. */
static inline bool mn_poll(const volatile uint32_t *address, uint32_t mask, uint32_t wanted)
{
    for (uint32_t i = 0; i < MN_POLL_LIMIT; i++) {
        if ((*address & mask) == wanted) {
            return true;
        }
    }
    return false;
}

#endif
