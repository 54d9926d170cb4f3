/* SPDX-License-Identifier: Apache-2.0 */
/* GPIO of the F1, configured by four bits per pin in CRL and CRH; RM0008 9.2, RM0041 7.2. Peripherals sit on their
 * default pins: AFIO_MAPR stays as after reset. */
#include "mn_gpio.h"

#include "mn_register.h"

#define RCC_APB2ENR MN_REGISTER(0x40021018u)
#define APB2ENR_AFIO (1u << 0)
#define APB2ENR_PORT(port) (1u << (2u + (port)))

#define BASE(port) (0x40010800u + 0x400u * (port))
#define CONTROL(port, pin) MN_REGISTER(BASE(port) + 4u * ((pin) >> 3))
#define BSRR(port) MN_REGISTER(BASE(port) + 0x10u)

#define ALTERNATE_PUSH_PULL_50_MHZ 0xBu
#define INPUT_PULLED 0x8u

static void configure(uint32_t port, uint32_t pin, uint32_t mode)
{
    const uint32_t shift = 4u * (pin & 7u);
    RCC_APB2ENR |= APB2ENR_AFIO | APB2ENR_PORT(port);
    (void)RCC_APB2ENR;
    mn_modify(&CONTROL(port, pin), 0xFu << shift, mode << shift);
}

void mn_gpio_route_output(uint32_t port, uint32_t pin, uint32_t alternate_function)
{
    (void)alternate_function;
    configure(port, pin, ALTERNATE_PUSH_PULL_50_MHZ);
}

void mn_gpio_route_input(uint32_t port, uint32_t pin, uint32_t alternate_function)
{
    (void)alternate_function;
    configure(port, pin, INPUT_PULLED);
    BSRR(port) = 1u << pin; /* pulled up, not down */
}
