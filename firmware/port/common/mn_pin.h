/* SPDX-License-Identifier: Apache-2.0 */
/* A pin as a plain push-pull output. One folder per generation of the GPIO peripheral implements it, beside
 * mn_gpio.h: port/gpio_*. */
#ifndef MN_PIN_H
#define MN_PIN_H

#include <stdint.h>

/* Makes pin `pin` of port `port` (0: A) an output that is high from the start. */
void mn_pin_output_high(uint32_t port, uint32_t pin);

/* Drives it high (1) or low (0). */
void mn_pin_write(uint32_t port, uint32_t pin, uint32_t level);

#endif
