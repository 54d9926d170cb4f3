"""YAML from users with limits: a text of a few hundred bytes must not use up the memory."""

from __future__ import annotations

from typing import Any

import yaml

MAX_CHARACTERS = 1_000_000


class _Loader(yaml.SafeLoader):
    """Refuses aliases: nested ones double their content with every level."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                None, None, f"aliases (*{event.anchor}) are not supported: repeat the value", event.start_mark
            )
        return super().compose_node(parent, index)


def load_yaml(text: str) -> Any:
    """The plain data in ``text``; raises ``yaml.YAMLError`` also for aliases, great depth and length."""
    if len(text) > MAX_CHARACTERS:
        raise yaml.YAMLError(f"{len(text):,} characters are more than {MAX_CHARACTERS:,}")
    try:
        return yaml.load(text, Loader=_Loader)
    except RecursionError as error:
        raise yaml.YAMLError("nested too deeply") from error
    except ValueError as error:  # a date such as 2026-13-01
        raise yaml.YAMLError(str(error)) from error
