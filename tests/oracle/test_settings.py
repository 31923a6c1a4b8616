"""Every further setting of a run does what it says, seen in its numbers and weights."""

import numpy as np
import pytest

from lib.core import runs
from lib.core.lab.store import RunStore
from lib.core.reading import curves
from lib.training import task
from lib.training.sources.augmentation import Augmentation
from tests.speeds import thorough_beyond

# Far up, so that little has to be traced: what a setting does shows in one thawed layer as well.
TOP, DEEPER = "top_conv", "block_15_project_conv"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One run for every test that asks for the same settings."""
    store, made = RunStore(tmp_path_factory.mktemp("runs")), {}

    def get(**asked):
        defaults = {"num_images": 32, "image_size": 64, "seed": 3, "thaw_from": TOP}
        epochs = {"head_epochs": 1, "fine_tune_epochs": 1}
        config = runs.make_config(**defaults | epochs | asked)
        if config not in made:
            events = []
            made[config] = task.train(config, events.append, store=store), events
        return made[config][0]

    return get


def numbers(run):
    return [number for record in run.history for number in (record.loss, record.val_loss)]


def test_gradual_unfreezing_thaws_further_in_a_phase_of_its_own(trained):
    run = trained(thaw_from=f"{TOP},{DEEPER}", step_rate_factor=0.5)
    assert [(r.phase, r.step) for r in run.history] == [
        ("feature_extraction", 1),
        ("fine_tuning", 1),
        ("fine_tuning", 2),
    ]
    assert [r.learning_rate for r in run.history] == pytest.approx([1e-3, 1e-4, 5e-5])
    params = run.result["params"]
    assert params["fine_tuning"]["trainable"] < params["fine_tuning_2"]["trainable"]
    moved = run.result["moved"]
    assert moved["fine_tuning"][DEEPER] == 0
    assert moved["fine_tuning_2"][DEEPER] > 0
    assert moved["fine_tuning_2"][TOP] > 0
    assert [(s.first, s.num_epochs) for s in curves.phase_spans(run.config, run.history)] == [
        (1, 1),
        (2, 1),
        (3, 1),
    ]


@pytest.mark.thorough
def test_the_first_step_of_gradual_unfreezing_is_the_run_without_further_steps(trained):
    gradual, plain = trained(thaw_from=f"{TOP},{DEEPER}", step_rate_factor=0.5), trained()
    assert numbers(gradual)[:4] == pytest.approx(numbers(plain), abs=1e-4)


def test_the_head_learns_faster_by_its_factor_and_the_backbone_as_before(trained):
    # One step of plain SGD goes as far as its rate, so the factor shows in the distance.
    asked = {"optimizer": "sgd", "num_images": 32, "batch_size": 32, "head_epochs": 0}
    plain = trained(**asked).result["moved"]["fine_tuning"]
    faster = trained(**asked, head_rate_factor=10.0).result["moved"]["fine_tuning"]
    assert faster["head"] == pytest.approx(10 * plain["head"], rel=1e-3)
    assert faster[TOP] == pytest.approx(plain[TOP], rel=1e-3)


@pytest.mark.thorough
def test_straight_fine_tuning_has_no_head_phase(trained):
    run = trained(head_epochs=0)
    assert [record.phase for record in run.history] == ["fine_tuning"]
    assert run.fine_tuning_starts_after is None


@pytest.mark.thorough
@pytest.mark.parametrize("optimizer", thorough_beyond(["rmsprop"], ["rmsprop", "sgd"]))
def test_another_optimizer_takes_other_steps(optimizer, trained):
    head = {"strategy": "feature_extraction"}
    other, adam = trained(**head, optimizer=optimizer), trained(**head)
    assert numbers(other) != pytest.approx(numbers(adam), abs=1e-4)


@pytest.mark.parametrize(
    ("asked", "inputs", "hidden"),
    [
        pytest.param({"pooling": "flatten"}, 2 * 2 * 1280, 0, marks=pytest.mark.thorough),
        pytest.param({"pooling": "gmp"}, 1280, 0, marks=pytest.mark.thorough),
        ({"hidden_units": 8}, 1280, 8),
    ],
)
def test_a_run_has_the_head_that_was_asked_for(asked, inputs, hidden, trained):
    run = trained(strategy="feature_extraction", **asked)
    params = inputs * hidden + hidden + hidden + 1 if hidden else inputs + 1
    assert run.result["params"]["feature_extraction"]["trainable"] == params
    assert numbers(run) != numbers(trained(strategy="feature_extraction"))


def test_dropout_changes_training_and_is_off_when_images_are_judged(trained):
    plain = trained(strategy="feature_extraction", head_learning_rate=1e-12)
    dropped = trained(strategy="feature_extraction", head_learning_rate=1e-12, dropout=0.5)
    # At a rate of next to nothing both heads stay what they were.
    assert dropped.history[0].loss != pytest.approx(plain.history[0].loss, abs=1e-3)
    assert dropped.history[0].val_loss == pytest.approx(plain.history[0].val_loss, abs=1e-5)


def test_early_stopping_ends_a_phase_and_the_next_one_starts(trained):
    # A rate at which the validation loss cannot go on falling for thirty epochs.
    run = trained(head_epochs=30, head_learning_rate=0.3, early_stopping=2)
    head = [r for r in run.history if r.phase == "feature_extraction"]
    assert 3 <= len(head) < 30
    assert run.result["stopped_early"] == {"feature_extraction": len(head)}
    best = min(range(len(head)), key=lambda i: head[i].val_loss)
    assert len(head) - 1 - best == 2
    assert run.history[-1].phase == "fine_tuning"
    span = curves.phase_spans(run.config, run.history)[1]
    assert span.first == len(head) + 1


def test_a_phase_ends_with_the_weights_of_its_best_epoch_where_that_is_asked_for(trained):
    asked = {"head_epochs": 30, "head_learning_rate": 0.3, "early_stopping": 2}
    last, best = (trained(**asked, restore_best_weights=on) for on in (False, True))
    (key, end), (_, epoch) = *last.result["stopped_early"].items(), *best.result["restored"].items()
    assert (key, epoch) == ("feature_extraction", end - 2)
    assert "restored" not in last.result
    # The head learns the same; then it is put back, and fine-tuning starts from another one.
    assert numbers(best)[:end] == numbers(last)[:end]
    assert best.history[end].loss != pytest.approx(last.history[end].loss, abs=1e-4)


@pytest.mark.thorough
def test_the_test_images_are_answered_with_the_restored_weights(trained):
    asked = {"strategy": "feature_extraction", "head_epochs": 30, "head_learning_rate": 0.3}
    best = trained(**asked, early_stopping=2, restore_best_weights=True)
    epoch = best.result["restored"]["feature_extraction"]
    # The same run, if it had ended there.
    short = trained(**asked | {"head_epochs": epoch})
    assert best.final == best.history[epoch - 1]
    assert best.result["test_loss"] == pytest.approx(short.result["test_loss"], rel=1e-4)
    assert best.result["test_loss"] != pytest.approx(
        trained(**asked, early_stopping=2).result["test_loss"], rel=1e-3
    )


def test_augmented_runs_train_the_whole_graph_and_give_the_same_history_twice(trained, tmp_path):
    run, plain = trained(augmentation=True, head_epochs=0), trained(head_epochs=0)
    assert "features" not in run.result["seconds"]
    assert run.history[0].loss != pytest.approx(plain.history[0].loss, abs=1e-4)
    again = task.train(run.config, lambda event: None, store=RunStore(tmp_path))
    assert numbers(again) == pytest.approx(numbers(run), abs=1e-4)


def test_augmentation_keeps_the_range_of_pixels_and_draws_anew_each_time():
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype("float32")
    augment = Augmentation(seed=1)
    first, second = augment(images).numpy(), augment(images).numpy()
    assert first.shape == images.shape
    assert first.min() >= 0
    assert first.max() <= 255
    assert not np.array_equal(first, second)
    assert np.array_equal(Augmentation(seed=1)(images).numpy(), first)
