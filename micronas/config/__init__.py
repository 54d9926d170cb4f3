"""Search configuration: ``schema`` says which keys there are, ``load`` reads them."""

from micronas.config.load import known_keys, known_part, load_config, parse_config
from micronas.config.schema import (
    ConstraintsConfig,
    DataConfig,
    EstimatorConfig,
    FinalFitConfig,
    LatencyConfig,
    PrefilterConfig,
    RewardConfig,
    SearchBudget,
    SearchConfig,
    SpaceConfig,
    StrategyConfig,
    SupernetConfig,
)

__all__ = [
    "ConstraintsConfig",
    "DataConfig",
    "EstimatorConfig",
    "FinalFitConfig",
    "LatencyConfig",
    "PrefilterConfig",
    "RewardConfig",
    "SearchBudget",
    "SearchConfig",
    "SpaceConfig",
    "StrategyConfig",
    "SupernetConfig",
    "known_keys",
    "known_part",
    "load_config",
    "parse_config",
]
