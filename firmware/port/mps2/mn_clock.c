/* Arm's MPS2 and MPS3 FPGA images as QEMU emulates them: the clock is given, there is nothing to set up. */
#include "mn_clock.h"

#include "mn_board.h"

mn_clock mn_clock_start(void)
{
    /* The profile speaks of the board that this machine stands in for, so its clock is always another. */
    const mn_clock given = {MN_MPS2_HZ, MN_CLOCK_HSI, 1};
    return given;
}
