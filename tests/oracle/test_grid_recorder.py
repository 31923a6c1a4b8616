"""The recorder of the evidence: no run sees another, and each starts from its recorded head."""

from dataclasses import replace

import numpy as np
import pytest

from lib.core.evidence import folds, grid
from lib.core.evidence.grid import GRADUAL, HEAD, SCRATCH, TOP
from lib.tools.evidence import recorder, training
from lib.tools.evidence.plan import Job
from lib.tools.evidence.recorder import Recorder

DATASET = "openmoji_animals_food"
# Small, so that a run takes a second.
PIXELS = 32


@pytest.fixture(scope="module")
def images():
    return training.Images(DATASET, grid.BACKBONE, PIXELS, None)


@pytest.fixture(scope="module")
def pooled(images):
    return images.pooled()


# That no run sees another, tests/oracle/test_kept_networks.py shows of the runs of a reader.
@pytest.mark.thorough
@pytest.mark.parametrize(
    "way",
    [
        TOP,
        GRADUAL,
        SCRATCH,
        "from block_5_expand_conv",
    ],
)
def test_a_run_is_the_same_before_and_after_another(images, pooled, way, monkeypatch):
    monkeypatch.setattr(training, "_lengths", lambda *_, **__: (4, 4))
    trained = training.Way(images, way)
    first = trained.run(10, 0, 1e-3, pooled, 0.01)
    other = trained.run(20, 1, 1e-4, pooled, 0.01)
    again = trained.run(10, 0, 1e-3, pooled, 0.01)
    assert replace(again, core_s=first.core_s) == first
    assert (other.answers, other.val_loss) != (first.answers, first.val_loss)
    assert first.epochs >= 1
    assert len(first.said) == len(folds.tested(images.labels, 0))


# That fine-tuning begins with the model of the phase before, tests/oracle/test_task.py shows.
@pytest.mark.thorough
def test_a_phase_without_epochs_answers_like_the_head_that_it_starts_from(
    images, pooled, monkeypatch
):
    head = training.head_line(images, pooled, 20, 0, 0.01)
    # One epoch at a rate that changes nothing.
    monkeypatch.setattr(training, "_lengths", lambda *_, **__: (1, 1))
    thawed = training.Way(images, TOP).run(20, 0, 1e-12, pooled, head.l2)
    assert thawed.validation == head.validation
    assert thawed.val_loss == pytest.approx(head.val_loss, abs=2e-3)
    assert np.mean(thawed.said == head.said) > 0.95


@pytest.mark.thorough
def test_the_recorder_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    jobs = [Job(DATASET, HEAD, 10, seed, PIXELS, 0.0) for seed in (0, 1)]
    trained = []
    whole = Recorder.train

    def train(self, job):
        trained.append(job)
        return whole(self, job)

    monkeypatch.setattr(Recorder, "train", train)
    monkeypatch.setattr(grid, "THAWED_SIZE", PIXELS)
    Recorder(tmp_path, grid.BACKBONE, None).record(jobs[:1], lambda words: None)
    again = Recorder(tmp_path, grid.BACKBONE, None)
    again.record(jobs, lambda words: None)
    assert trained == jobs
    known = again.known(DATASET)
    assert [line.seed for line in known.lines] == [0, 1]
    # The penalty is chosen by the first seed.
    assert len({line.l2 for line in known.lines}) == 1
    assert recorder.differences(known, known.lines[0]) == []
