/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of words, 2 chains of 3 taps (mn_dsp_lines_form.h). */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_lines_form.h"

    .global mn_dsp_lines_2x3
    lines mn_dsp_lines_2x3, 2, 3

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
