/* Stands in for firmware/port/common/mn_register.h: a chip with nothing but its counters. */
#ifndef MN_REGISTER_H
#define MN_REGISTER_H

#include <stdint.h>

volatile uint32_t *fake_register(uint32_t address);

#define MN_REGISTER(address) (*fake_register((uint32_t)(address)))

#endif
