"""The C around a front end of audio that every program needs: its buffers, and how it is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from micronas.codegen.front_end.log_mel import LogMelTables
from micronas.codegen.front_end.micro import MicroTables

AudioTables: TypeAlias = LogMelTables | MicroTables


@dataclass(frozen=True)
class AudioText:
    """``buffers`` are definitions; ``reset`` are statements; ``push`` is the name of a function.

    ``frames`` is the expression for the state that ``mn_frames_input`` takes.
    """

    buffers: str
    reset: str
    push: str
    frames: str


def audio_text(tables: AudioTables) -> AudioText:
    """The buffers ``mn_front_end_*`` of ``tables``, whose constants are in ``front_end``."""
    micro = isinstance(tables, MicroTables)
    frames = "mn_front_end_state.frames" if micro else "mn_front_end_state"
    buffers = [
        f"static int16_t mn_front_end_samples[{tables.spec.window}];",
        f"static int8_t mn_front_end_features[{tables.feature_bytes}];",
    ]
    reset = [f"{frames}.samples = mn_front_end_samples;", f"{frames}.features = mn_front_end_features;"]
    if isinstance(tables, MicroTables):
        buffers.append(f"static uint32_t mn_front_end_noise[{tables.spec.bands}];")
        reset.append("mn_front_end_state.noise = mn_front_end_noise;")
    buffers.append(f"static {'mn_micro_state' if micro else 'mn_frames_state'} mn_front_end_state;")
    reset.append(
        "mn_micro_reset(&front_end, &mn_front_end_state);" if micro else f"mn_frames_reset(&{frames});"
    )
    return AudioText(
        buffers="\n".join(buffers),
        reset="\n".join(f"    {line}" for line in reset),
        push="mn_micro_push" if micro else "mn_log_mel_push",
        frames=f"&{frames}",
    )
