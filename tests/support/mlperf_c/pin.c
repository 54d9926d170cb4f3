/* A pin of the driver under test as an output, then low, then high, on a chip of simulated registers. */
#include "fake_chip.h"
#include "mn_pin.h"

int main(void)
{
    mn_pin_output_high(2, 11);
    mn_pin_write(2, 11, 0);
    fake_settle();
    mn_pin_write(2, 11, 1);
    fake_settle();
    return 0;
}
