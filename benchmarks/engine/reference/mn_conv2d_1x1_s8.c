/* The baseline knows no pointwise form. */
#include "mn_conv2d.h"

mn_status mn_conv2d_1x1_s8(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    return mn_conv2d_s8(p, x, scratch, y);
}
