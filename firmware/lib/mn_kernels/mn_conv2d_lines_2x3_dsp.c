/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D of one input channel by lines of words, 2 chains of 3 taps (mn_dsp_lines.h). */
#include "mn_conv2d.h"
#include "mn_dsp_lines.h"

#if defined(__ARM_FEATURE_DSP)

mn_status mn_conv2d_lines_2x3_dsp(const mn_conv2d_lines *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    mn_dsp_lines(p, x, scratch, y, mn_dsp_lines_2x3, 2, 3);
    return MN_OK;
}

#endif
