"""Search configuration: ``schema`` says which keys there are, ``load`` reads them."""

from micronas.config.load import known_keys, known_part, load_config, parse_config
from micronas.config.schema import (
    BudgetConfig,
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
    "BudgetConfig",
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
