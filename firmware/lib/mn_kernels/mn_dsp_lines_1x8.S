/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of words, 1 chain of 8 taps (mn_dsp_lines_form.h). */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_lines_form.h"

    .global mn_dsp_lines_1x8
    lines mn_dsp_lines_1x8, 1, 8

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
