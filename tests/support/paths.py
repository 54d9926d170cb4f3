"""Where things lie, for tests of every folder."""

from __future__ import annotations

from pathlib import Path

SUPPORT = Path(__file__).resolve().parent
REPOSITORY = SUPPORT.parent.parent
TOOLS = REPOSITORY / "tools"
FIRMWARE = REPOSITORY / "firmware"
FIRMWARE_MODELS = SUPPORT / "firmware_models"
"""Generated-looking C models for firmware tests; each begins with a comment that says what it is for."""
MEASURE_COMMAND = "python tools/measure_code_size.py"
