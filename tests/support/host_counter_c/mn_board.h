/* Enable register and bit of TIM2, as any family names them. */
#ifndef MN_BOARD_H
#define MN_BOARD_H

#define MN_TIM2_CLOCK_REGISTER 0x4002103Cu
#define MN_TIM2_CLOCK_BIT 0

#endif
