/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of words, 3 chains of 5 taps (mn_dsp_lines_form.h). */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_lines_form.h"

    .global mn_dsp_lines_3x5
    lines mn_dsp_lines_3x5, 3, 5

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
