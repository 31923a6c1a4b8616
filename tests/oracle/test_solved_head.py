"""A head on stored features is solved, judged by images it has not seen, and handed out whole."""

from math import erf, sqrt

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from lib.core import runs
from lib.core.config import SOLVED_EPOCHS
from lib.core.errors import DataError
from lib.core.intervals import wilson_interval
from lib.core.lab import bundle
from lib.core.lab.store import RunStore
from lib.core.reading import evaluation
from lib.training import task
from lib.training.engine import cross_validation, solved_head
from lib.training.engine.solved_head import Problem

NUM_CASES = 150


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1, user_api="blas"):
        yield


def images(num_images, channels, num_classes=2, seed=0):
    """Features that tell the classes apart in part, and labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(num_images) % num_classes
    features = rng.normal(size=(num_images, channels)) + 3
    features[np.arange(num_images), labels] += 1
    return features, labels


# --- Solved ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("l2", [0.1, 0.001])
@pytest.mark.parametrize(
    ("num_images", "channels", "num_classes"), [(12, 40, 2), (80, 10, 2), (30, 50, 3), (90, 8, 3)]
)
def test_the_solution_is_that_of_another_solver(num_images, channels, num_classes, l2):
    features, labels = images(num_images, channels, num_classes)
    head, _ = Problem(features, labels, num_classes).solve(l2)
    other = LogisticRegression(C=1 / (2 * num_images * l2), tol=1e-9, max_iter=10_000)
    other.fit(features, labels)
    assert head.kernel == pytest.approx(other.coef_.T, abs=2e-3)
    logits = head.logits(features)
    theirs = other.decision_function(features).reshape(logits.shape)
    # Adding a number to the logits of all classes changes nothing.
    centre = (lambda x: x - x.mean(axis=1, keepdims=True)) if num_classes > 2 else (lambda x: x)
    assert centre(logits) == pytest.approx(centre(theirs), abs=5e-3)


def test_no_small_change_of_a_solved_head_lowers_the_loss_with_its_penalty():
    features, labels = images(20, 30)
    problem = Problem(features, labels, 2)
    head, _ = problem.solve(0.01)

    def loss(kernel, bias):
        each = solved_head.cross_entropy(features @ kernel + bias, labels)
        return each.mean() + 0.01 * (kernel**2).sum()

    best, rng = loss(head.kernel, head.bias), np.random.default_rng(1)
    for _ in range(20):
        step = 1e-2 * rng.normal(size=head.kernel.shape)
        assert loss(head.kernel + step, head.bias) > best
    assert loss(head.kernel, head.bias + 1e-2) > best


@pytest.mark.parametrize("seed", [0, 7, 4_242])
@pytest.mark.parametrize("counts", [(2, 2), (5, 5), (7, 3), (23, 80), (4, 9, 30), (6, 11, 5, 40)])
def test_the_folds_are_those_of_scikit_learn(counts, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)) * 3, counts))
    num_folds = min(solved_head.NUM_FOLDS, *counts)
    theirs = StratifiedKFold(num_folds, shuffle=True, random_state=seed).split(labels, labels)
    for ours, other in zip(solved_head.folds(labels, seed), theirs, strict=True):
        for indices, expected in zip(ours, other, strict=True):
            np.testing.assert_array_equal(indices, expected)


def test_there_are_no_folds_of_a_class_with_a_single_image():
    assert solved_head.folds(np.array([0, 0, 0, 1]), 0) == []


def test_the_chosen_penalty_is_weak_where_features_tell_classes_apart_and_strong_in_noise():
    features, labels = images(60, 10)
    features[np.arange(60), labels] += 5
    noise = np.random.default_rng(0).normal(size=(60, 200))
    weak = solved_head.choose_l2(features, labels, 2)
    assert weak < solved_head.choose_l2(noise, labels, 2) == solved_head.L2_CHOICES[0]


def test_a_class_with_a_single_image_has_the_usual_penalty_and_cannot_be_judged():
    features, labels = images(9, 5)
    labels = np.array([0] * 8 + [1])
    assert solved_head.choose_l2(features, labels, 2) == solved_head.USUAL_L2
    with pytest.raises(DataError, match="single image"):
        cross_validation.judge(features, labels, 2)


# --- Judged ---------------------------------------------------------------------------------------


def test_an_image_is_judged_by_heads_that_have_not_seen_it():
    # Random labels cannot be predicted, although more channels than images fit them without error.
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(80, 300)), rng.permutation(np.arange(80) % 2)
    judged = cross_validation.judge(features, labels, 2, l2=0.01)
    assert 0.35 < judged.correct.mean() < 0.65
    head, _ = Problem(features, labels, 2).solve(0.01)
    assert ((head.logits(features)[:, 0] > 0) == labels).all()


def test_the_answers_are_those_of_one_repeat_and_neither_the_best_nor_the_worst():
    features, labels = images(40, 60)
    judged = cross_validation.judge(features, labels, 2, l2=0.01)
    right = judged.correct.sum(axis=1)
    ours = (judged.probabilities.argmax(axis=1) == labels).sum()
    assert judged.num_repeats == 5
    assert len(set(right)) > 1
    assert ours == sorted(right)[2]


def share_below(value):
    return 0.5 * (1 + erf(value / sqrt(2)))


def covers(rng, num_images, channels, apart):
    """Whether the interval holds the true accuracy of the head that is fitted to all images."""
    labels = np.arange(num_images) % 2
    features = rng.normal(size=(num_images, channels))
    features[:, 0] += apart * (2 * labels - 1)
    judged = cross_validation.judge(features, labels, 2, l2=0.05)
    correct = int((judged.probabilities.argmax(axis=1) == labels).sum())
    low, high = wilson_interval(correct, num_images)
    head, _ = Problem(features, labels, 2).solve(0.05)
    kernel, bias = head.kernel[:, 0], head.bias[0]
    # New images of both classes are normally distributed around two points.
    right = [
        share_below((apart * kernel[0] + side * bias) / np.linalg.norm(kernel)) for side in (1, -1)
    ]
    return low <= sum(right) / 2 <= high


def test_the_interval_of_a_cross_validated_accuracy_covers_the_truth_in_95_percent_of_cases():
    rng = np.random.default_rng(0)
    found = [covers(rng, 40, 5, 1.5) for _ in range(NUM_CASES)]
    assert 0.93 <= np.mean(found) <= 0.97


# --- In a run -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One run for every test that asks for the same settings."""
    store, made = RunStore(tmp_path_factory.mktemp("runs")), {}

    def get(**asked):
        defaults = {"num_images": 32, "image_size": 64, "seed": 3, "head_solver": "solved"}
        config = runs.make_config(**defaults | {"strategy": "feature_extraction"} | asked)
        if config not in made:
            made[config] = task.train(config, lambda event: None, store=store)
        return made[config]

    return get


def test_a_solved_run_has_a_curve_of_its_passes_that_ends_at_the_solution(trained):
    run = trained()
    first, last = run.history[0], run.history[-1]
    # Before its first step a head knows nothing.
    assert first.loss == pytest.approx(np.log(2))
    assert 5 < len(run.history) < SOLVED_EPOCHS
    losses = [record.loss for record in run.history]
    # The penalty is part of what falls with every step, and not of the curve.
    assert losses[:5] == sorted(losses[:5], reverse=True)
    assert losses[-1] < losses[0] / 10
    # What Keras computes with the stored head is what the curve ends at.
    evaluated = run.result["train_evaluated"]["feature_extraction"]
    assert last.loss == pytest.approx(evaluated["loss"], rel=1e-2)
    assert run.result["l2"] in solved_head.L2_CHOICES
    assert {len(each.right) for each in run.history} == {12}
    assert run.result["split_sizes"] == {"train": 32, "validation": 40, "test": 40}


def test_a_cross_validated_run_is_judged_on_every_image_and_handed_out_with_all_of_them(trained):
    run = trained(judged_by="cross_validation")
    every = 32 + 40 + 40
    assert run.result["split_sizes"] == {"train": every, "validation": every, "test": every}
    assert run.result["cross_validation"] == {"num_folds": 5, "num_repeats": 3}
    answers = evaluation.load(run)
    assert answers
    assert answers.num_images == every
    assert answers.num_correct == run.result["test_correct"]
    # The head knows all of them; the heads that judged it do not.
    assert run.result["train_evaluated"]["feature_extraction"]["accuracy"] == 1.0
    assert 0.7 < answers.accuracy < 1.0
    assert run.history[-1].accuracy == 1.0
    assert run.history[-1].val_accuracy == pytest.approx(answers.accuracy, abs=0.05)


@pytest.mark.parametrize("judged_by", ["test_images", "cross_validation"])
def test_a_solved_run_is_exported_and_imported_as_it_is(judged_by, trained, tmp_path):
    run = trained(judged_by=judged_by)
    imported = bundle.import_run(bundle.export_run(run), RunStore(tmp_path))
    assert imported.config == run.config
    assert imported.result == run.result


def test_fine_tuning_goes_on_from_a_solved_head(trained):
    run = trained(strategy="partial_fine_tuning", thaw_from="top_conv", fine_tune_epochs=1)
    head = [each for each in run.history if each.phase == "feature_extraction"]
    assert [each.loss for each in head] == [each.loss for each in trained().history]
    assert run.history[-1].phase == "fine_tuning"
    assert run.history[-1].loss < 2 * head[-1].loss + 0.1


def test_a_penalty_shrinks_a_head_that_is_trained_in_steps(trained):
    asked = {"head_solver": "steps", "head_epochs": 3, "head_learning_rate": 0.01}
    moved = [
        trained(**asked, l2=l2).result["train_evaluated"]["feature_extraction"]["loss"]
        for l2 in (0.0, 10.0)
    ]
    assert moved[1] > moved[0] + 0.05
