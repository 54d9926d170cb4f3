"""What a search writes beside a network: its front end and its model card."""

from __future__ import annotations

import json
from pathlib import Path

from micronas.api.models import Model
from micronas.errors import ModelError
from micronas.model.front_end import FILE_NAME, FrontEndFile, from_json


def front_end_beside(model: Model) -> FrontEndFile | None:
    """``front_end.json`` in the folder of ``model``; None if there is none, or ``model`` is not a file.

    Raises ``ModelError`` for a file that is damaged or of another version.
    """
    path = Path(model).parent / FILE_NAME if isinstance(model, str | Path) else None
    if path is None or not path.is_file():
        return None
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")), str(path))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} cannot be read: {error}", remedy="take the file that the search wrote, or remove it"
        ) from error


def model_card_beside(model: Model) -> dict[str, str]:
    """File name -> text of the model card in the folder of ``model``, if it has one."""
    if not isinstance(model, str | Path):
        return {}
    paths = (Path(model).parent / name for name in ("model_card.json", "model_card.md"))
    return {path.name: path.read_text(encoding="utf-8") for path in paths if path.is_file()}
