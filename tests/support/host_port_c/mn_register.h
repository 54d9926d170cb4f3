/* Stands in for firmware/port/common/mn_register.h on the host: registers are cells of a simulated chip. */
#ifndef MN_REGISTER_H
#define MN_REGISTER_H

#include <stdint.h>

/* The cell of `address`. First the chip takes notice of what was written since the last call: it logs changed
 * registers in the order of their addresses' first use, and sets what its rules make of them. */
volatile uint32_t *mn_fake_register(uint32_t address);

#define MN_REGISTER(address) (*mn_fake_register((uint32_t)(address)))

static inline void mn_modify(volatile uint32_t *address, uint32_t mask, uint32_t value)
{
    *address = (*address & ~mask) | value;
}

#endif
