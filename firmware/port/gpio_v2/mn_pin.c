/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs of the GPIO with MODER; RM0390 7.4. */
#include "mn_pin.h"

#include "mn_board.h"
#include "mn_register.h"

#define BASE(port) (MN_GPIO_BASE + 0x400u * (port))
#define MODER(port) MN_REGISTER(BASE(port) + 0x00u)
#define OTYPER(port) MN_REGISTER(BASE(port) + 0x04u)
#define BSRR(port) MN_REGISTER(BASE(port) + 0x18u)

void mn_pin_output_high(uint32_t port, uint32_t pin)
{
    MN_REGISTER(MN_GPIO_CLOCK_REGISTER) |= 1u << port;
    (void)MN_REGISTER(MN_GPIO_CLOCK_REGISTER);
    mn_pin_write(port, pin, 1);
    mn_modify(&OTYPER(port), 1u << pin, 0);
    mn_modify(&MODER(port), 3u << (2u * pin), 1u << (2u * pin));
}

void mn_pin_write(uint32_t port, uint32_t pin, uint32_t level)
{
    BSRR(port) = 1u << (level != 0 ? pin : pin + 16u);
}
