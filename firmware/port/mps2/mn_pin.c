/* SPDX-License-Identifier: Apache-2.0 */
/* The machines have no pins that anybody could look at. */
#include "mn_pin.h"

void mn_pin_output_high(uint32_t port, uint32_t pin)
{
    (void)port;
    (void)pin;
}

void mn_pin_write(uint32_t port, uint32_t pin, uint32_t level)
{
    (void)port;
    (void)pin;
    (void)level;
}
