/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs of the F1's GPIO; RM0008 9.2. */
#include "mn_pin.h"

#include "mn_register.h"

#define RCC_APB2ENR MN_REGISTER(0x40021018u)
#define APB2ENR_PORT(port) (1u << (2u + (port)))

#define BASE(port) (0x40010800u + 0x400u * (port))
#define CONTROL(port, pin) MN_REGISTER(BASE(port) + 4u * ((pin) >> 3))
#define BSRR(port) MN_REGISTER(BASE(port) + 0x10u)

#define OUTPUT_PUSH_PULL_50_MHZ 0x3u

void mn_pin_output_high(uint32_t port, uint32_t pin)
{
    const uint32_t shift = 4u * (pin & 7u);
    RCC_APB2ENR |= APB2ENR_PORT(port);
    (void)RCC_APB2ENR;
    mn_pin_write(port, pin, 1);
    mn_modify(&CONTROL(port, pin), 0xFu << shift, OUTPUT_PUSH_PULL_50_MHZ << shift);
}

void mn_pin_write(uint32_t port, uint32_t pin, uint32_t level)
{
    BSRR(port) = 1u << (level != 0 ? pin : pin + 16u);
}
