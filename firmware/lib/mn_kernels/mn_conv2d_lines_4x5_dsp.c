/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D of one input channel by lines of words, 4 chains of 5 taps (mn_dsp_lines.h). */
#include "mn_conv2d.h"
#include "mn_dsp_lines.h"

#if defined(__ARM_FEATURE_DSP)

mn_status mn_conv2d_lines_4x5_dsp(const mn_conv2d_lines *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    mn_dsp_lines(p, x, scratch, y, mn_dsp_lines_4x5, 4, 5);
    return MN_OK;
}

#endif
