"""Search configuration: ``schema`` defines the keys, ``load`` reads them."""

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
    TrainingConfig,
)
from micronas.config.shipped import ShippedConfig, find_config, shipped_configs

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
    "ShippedConfig",
    "SpaceConfig",
    "StrategyConfig",
    "SupernetConfig",
    "TrainingConfig",
    "find_config",
    "known_keys",
    "known_part",
    "load_config",
    "parse_config",
    "shipped_configs",
]
