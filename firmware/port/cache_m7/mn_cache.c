/* SPDX-License-Identifier: Apache-2.0 */
/* Caches of the Cortex-M7: Armv7-M ARM B2.2.7 and PM0253 4.8. Their content is undefined out of reset, so it is
 * invalidated first. Nothing but the core touches memory (no DMA), so coherence is no question here. */
#include "mn_cache.h"

#include <stdint.h>

#include "mn_core_instructions.h"
#include "mn_register.h"

#define SCB_CCR MN_REGISTER(0xE000ED14u)
#define SCB_CCSIDR MN_REGISTER(0xE000ED80u)
#define SCB_CSSELR MN_REGISTER(0xE000ED84u)
#define SCB_ICIALLU MN_REGISTER(0xE000EF50u)
#define SCB_DCISW MN_REGISTER(0xE000EF60u)

#define CCR_DC (1u << 16)
#define CCR_IC (1u << 17)

/* DCISW: the set from bit 5 on (lines of 32 bytes), the way in the top bits (four ways). */
#define SET_SHIFT 5u
#define WAY_SHIFT 30u

static void invalidate_data_cache(void)
{
    SCB_CSSELR = 0; /* level 1, data */
    mn_barrier();
    const uint32_t geometry = SCB_CCSIDR;
    const uint32_t last_set = geometry >> 13 & 0x7FFFu;
    const uint32_t last_way = geometry >> 3 & 0x3FFu;
    for (uint32_t set = 0; set <= last_set; set++) {
        for (uint32_t way = 0; way <= last_way; way++) {
            SCB_DCISW = set << SET_SHIFT | way << WAY_SHIFT;
        }
    }
    mn_barrier();
}

void mn_cache_start(void)
{
    if ((SCB_CCR & CCR_IC) == 0) {
        mn_barrier();
        SCB_ICIALLU = 0;
        mn_barrier();
        SCB_CCR |= CCR_IC;
        mn_barrier();
    }
    if ((SCB_CCR & CCR_DC) == 0) { /* one that is on may hold dirty lines: leave it */
        invalidate_data_cache();
        SCB_CCR |= CCR_DC;
        mn_barrier();
    }
}
