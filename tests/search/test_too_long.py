"""A worker whose first trial leaves no time to search makes it the final training; nothing is faked."""

from __future__ import annotations

import pytest

from micronas.config import FinalFitConfig, parse_config
from micronas.search.affordable import Affordable, SearchOrNot
from micronas.search.evaluation.stages import make_evaluator
from micronas.search.evaluation.task import ONE_NETWORK, TrialTask
from micronas.search.one_network import as_first
from micronas.search.setup import prepare
from micronas.search.termination import CpuTimeTermination
from micronas.trial import Outcome

CONFIG = {
    "board": "nucleo_f446re",
    "device": "none",
    "data": {"name": "digits"},
    "space": {"max_blocks": 2, "max_width": 8},
    "estimator": {"epochs": 4},
    "final_fit": {"epochs": 2},
    "budget": {"cpu_minutes": 5},
}


@pytest.mark.slow
def test_the_trial_becomes_the_final_training() -> None:
    setup = prepare(parse_config(CONFIG))
    arch = setup.space.baselines()[-1]
    task = TrialTask(0, setup.space.to_json(arch), setup.space.key(arch))
    # Epochs that take no time leave 84 trials; 1,000 as long as any real one leave none.
    limit = Affordable(100.0, 1, epochs=1_000, share_s=1e9, final_epochs=1_000_000, fit=FinalFitConfig())
    search = SearchOrNot((limit,), epoch_s=1e-9)
    assert not search.affords_one()
    termination = CpuTimeTermination(5.0, lambda: 0.0, setup.config.final_fit)
    found = make_evaluator(setup.config, setup.board)(as_first(task, search, termination, 1))
    assert found.outcome is Outcome.COMPLETE, found.reason
    assert found.details[ONE_NETWORK] is True
    assert found.scores is not None
    assert found.scores.epochs == setup.config.final_fit.epochs
    assert found.float_form is not None, "made where TensorFlow is loaded, as of every final training"
