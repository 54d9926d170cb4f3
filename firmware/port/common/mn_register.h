/* SPDX-License-Identifier: Apache-2.0 */
/* Memory-mapped registers by address. */
#ifndef MN_REGISTER_H
#define MN_REGISTER_H

#include <stdint.h>

#define MN_REGISTER(address) (*(volatile uint32_t *)(address))

/* Replaces the bits of `mask` by `value` (already shifted) in one write. */
static inline void mn_modify(volatile uint32_t *address, uint32_t mask, uint32_t value)
{
    *address = (*address & ~mask) | value;
}

#endif
