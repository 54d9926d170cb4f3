/* The profile's USART: 8N1, no flow control, no interrupt taken. RM0390 chapter 25. */
#ifndef MN_USART_H
#define MN_USART_H

#include <stddef.h>
#include <stdint.h>

void mn_usart_start(uint32_t core_hz, int prescaled);

#endif
