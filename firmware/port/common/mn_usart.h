/* SPDX-License-Identifier: Apache-2.0 */
/* The profile's UART: 8N1, no flow control, no interrupt taken. One folder per generation of the peripheral
 * implements it, with the four UART functions of mn_port.h; micronas/firmware/families/ says which a chip has. */
#ifndef MN_USART_H
#define MN_USART_H

#include <stdint.h>

/* `clock_hz` is the clock that the UART divides, as it now is: its bus clock or the one selected for it. */
void mn_usart_start(uint32_t clock_hz);

#endif
