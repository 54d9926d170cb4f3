/* SPDX-License-Identifier: Apache-2.0 */
/* GPIO with MODER and AFR registers, as all families but F1 have it; RM0390 7.4. */
#include "mn_gpio.h"

#include "mn_board.h"
#include "mn_register.h"

#define STRIDE 0x400u
#define MODER 0x00u
#define OSPEEDR 0x08u
#define PUPDR 0x0Cu
#define AFR 0x20u

static void route(uint32_t port, uint32_t pin, uint32_t alternate_function)
{
    const uint32_t base = MN_GPIO_BASE + STRIDE * port;
    const uint32_t shift = 2u * pin;
    const uint32_t af_shift = 4u * (pin & 7u);
    MN_REGISTER(MN_GPIO_CLOCK_REGISTER) |= 1u << port;
    (void)MN_REGISTER(MN_GPIO_CLOCK_REGISTER); /* the clock needs two cycles to arrive (F446 erratum 2.2.7) */
    mn_modify(&MN_REGISTER(base + AFR + 4u * (pin >> 3)), 0xFu << af_shift, alternate_function << af_shift);
    mn_modify(&MN_REGISTER(base + OSPEEDR), 3u << shift, 2u << shift);
    mn_modify(&MN_REGISTER(base + PUPDR), 3u << shift, 1u << shift);
    mn_modify(&MN_REGISTER(base + MODER), 3u << shift, 2u << shift);
}

void mn_gpio_route_output(uint32_t port, uint32_t pin, uint32_t alternate_function)
{
    route(port, pin, alternate_function);
}

/* An input is routed like an output here; the peripheral drives the direction. */
void mn_gpio_route_input(uint32_t port, uint32_t pin, uint32_t alternate_function)
{
    route(port, pin, alternate_function);
}
