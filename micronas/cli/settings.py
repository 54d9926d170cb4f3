"""``--set KEY=VALUE``: any key of a search configuration on the command line."""

from __future__ import annotations

from micronas.errors import ConfigError


def setting(text: str) -> tuple[str, object]:
    """``a.b=1`` -> ("a.b", 1): the value is parsed as YAML."""
    import yaml

    from micronas.host.yaml_text import load_yaml

    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {text!r}: expected KEY=VALUE", remedy="for example --set budget.trials=20")
    try:
        return key, load_yaml(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {key}: {value!r} is not a YAML value") from error
