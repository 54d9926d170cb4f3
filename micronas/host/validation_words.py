"""What pydantic says of a value in a user's file, in the words of such a file."""

from __future__ import annotations

_KINDS = {
    "model_type": "must be a section with keys",
    "dict_type": "must be a section with keys",
    "string_type": "must be a text",
    "path_type": "must be a path",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "missing": "is missing",
    "extra_forbidden": "is not a known key",
}
"""Kinds of errors of pydantic whose own texts name types of Python."""


def plain_words(kind: str, message: str, value: object) -> str:
    """An error's ``kind`` and ``message`` in plain words, with the given value."""
    if kind in ("missing", "extra_forbidden"):
        return _KINDS[kind]
    if kind in _KINDS:
        return f"{_KINDS[kind]}, not {value!r}"
    text = message.removeprefix("Value error, ").replace("Input should be", "must be")
    text = text[0].lower() + text[1:]
    return text if kind == "value_error" or isinstance(value, dict) else f"{text}, not {value!r}"


def kind_of_yaml(value: object) -> str:
    """What a YAML text is that has no keys: ``a list``, ``a text``."""
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return "a list"
    return "a text" if isinstance(value, str) else "a single value"
