/* SPDX-License-Identifier: Apache-2.0 */
/* The result of mn_clock_start(), the same in every family. */
#ifndef MN_CLOCK_RESULT_H
#define MN_CLOCK_RESULT_H

#include "mn_board.h"
#include "mn_clock.h"

/* The core runs at `hz` from `source`: a fallback unless both are the profile's. */
static inline mn_clock mn_clock_result(uint32_t hz, uint8_t source)
{
    const mn_clock result = {hz, source, source != MN_CLOCK_SOURCE || hz != MN_CLOCK_HZ};
    return result;
}

#endif
