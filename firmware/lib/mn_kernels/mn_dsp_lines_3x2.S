/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of words, 3 chains of 2 taps (mn_dsp_lines_form.h). */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_lines_form.h"

    .global mn_dsp_lines_3x2
    lines mn_dsp_lines_3x2, 3, 2

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
