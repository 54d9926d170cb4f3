/* SPDX-License-Identifier: Apache-2.0 */
/* Pins. One folder per generation of the GPIO peripheral implements this: port/gpio_*. */
#ifndef MN_GPIO_H
#define MN_GPIO_H

#include <stdint.h>

/* Give pin `pin` of port `port` (0: A) to a peripheral, with the port's clock switched on: to drive it ... */
void mn_gpio_route_output(uint32_t port, uint32_t pin, uint32_t alternate_function);

/* ... or to receive, with a pull-up so that an unconnected pin does not read as noise. */
void mn_gpio_route_input(uint32_t port, uint32_t pin, uint32_t alternate_function);

#endif
