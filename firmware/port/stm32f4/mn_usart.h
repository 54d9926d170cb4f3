/* The profile's USART: 8N1, no flow control, no interrupt taken. RM0390 chapter 25. */
#ifndef MN_USART_H
#define MN_USART_H

#include <stddef.h>
#include <stdint.h>

/* `clock_hz` is the bus clock that the USART runs on. */
void mn_usart_start(uint32_t clock_hz);

#endif
