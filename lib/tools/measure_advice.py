"""Measures whether what Thaw recommends is right.

python -m lib.tools.measure_advice [--images FOLDER] [--draws N]
python -m lib.tools.measure_advice --runs [--deals N] [--keep FOLDER]

For photographs of cats and dogs (`--images` names a folder with one folder for each class): heads
on 5, 20 and 100 images of each class, in several random draws, each judged on 400 others. For
OpenMoji and the solar cells: the numbers of images and the test images of the recorded evidence,
beside the best way recorded there. The published image size is left only where another is better by
more than chance, in a cross-validation of the images to fit. Features are computed once for each
size and cached; then it takes a few minutes on two busy cores.

`--runs` trains the run that the rule recommends on OpenMoji and the solar cells instead, which may
thaw layers: half an hour on two quiet cores. It judges it on the test images of the recorded
evidence. OpenMoji has 40 of them, which is too few to see two points, so `--deals` repeats all ways
and the recommended run on N other divisions of the drawings: four minutes each. `--keep` names a
folder for these runs; a run that is there already is not trained again.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from lib.core import backbones, datasets, heads, intervals, runs, splits
from lib.core.lab.store import RunStore
from lib.core.reading import evaluation
from lib.core.runs import Run, TrainConfig
from lib.core.strategy import evidence, judgement, recipes, rule
from lib.core.strategy.evidence import BACKBONE, SEEDS
from lib.training.answers import judge
from lib.training.engine import cross_validation, solved_head
from lib.training.images.decode import ImageSource
from lib.training.sources import folder as image_folder
from lib.training.sources import tfds

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

EACH_CLASS = (5, 20, 100)
NUM_JUDGED = 400
# The datasets of the recorded evidence that ship with Thaw.
DRAWINGS = "openmoji_animals_food"
RECORDED = (DRAWINGS, "elpv")
RECOMMENDED = "recommended"


@dataclass(frozen=True)
class Advised:
    """A head as recommended, and one at the small size of before.

    Args:
        image_size: The chosen size.
        l2: The chosen penalty.
        accuracy: On the images that judge it.
        at: Accuracy of a solved head at each size on the same images.
        expected: Accuracy that cross-validation of the fitted images gives at the chosen size.
    """

    image_size: int
    l2: float
    accuracy: float
    at: dict[int, float]
    expected: float


def advised(
    features: dict[int, FloatArray], labels: IntArray, fit: IntArray, ask: IntArray
) -> Advised:
    """Choose size and penalty by cross-validation of some images, and judge the head on others.

    Args:
        features: Of all images at each size; the largest is the published one.
        labels: Of all images.
        fit: Images to fit.
        ask: Other images.
    """
    num_classes = int(labels.max()) + 1
    answers, at, strengths = {}, {}, {}
    for size, vectors in features.items():
        judged = cross_validation.judge(vectors[fit], labels[fit], num_classes)
        answers[size] = judged.probabilities.argmax(axis=1) == labels[fit], judged.losses
        strengths[size] = solved_head.choose_l2(vectors[fit], labels[fit], num_classes)
        problem = solved_head.Problem(vectors[fit], labels[fit], num_classes)
        logits = problem.solve(strengths[size])[0].logits(vectors[ask])
        at[size] = float((heads.softmax(logits).argmax(axis=1) == labels[ask]).mean())
    published = answers[max(features)]
    chosen = judgement.best_size(
        [
            judgement.score(
                size, correct=right, losses=losses, published=published, l2=0.0, seconds=0.0
            )
            for size, (right, losses) in answers.items()
        ]
    )
    expected = float(answers[chosen][0].mean())
    return Advised(chosen, strengths[chosen], at[chosen], at, expected)


def on_photographs(images: Path, num_draws: int) -> None:
    """Print one line for each number of photographs."""
    described = image_folder.describe_folder(images)
    source = image_folder.source_of(described.dataset, described.fingerprint, images)
    features = _features("cats_vs_dogs", source)
    labels = source.labels
    for each in EACH_CLASS:
        found = []
        for draw in range(num_draws):
            rng = np.random.default_rng(draw)
            orders = [rng.permutation(np.flatnonzero(labels == label)) for label in (0, 1)]
            fit = np.concatenate([order[:each] for order in orders])
            ask = np.concatenate([order[each : each + NUM_JUDGED // 2] for order in orders])
            found.append(advised(features, labels, fit, ask))
        _tell(f"cats and dogs, {each} + {each}", found)


def on_recorded(dataset: str) -> None:
    """Print one line for each number of images of the recorded evidence."""
    source = tfds.source(dataset)
    features = _features(dataset, source)
    for num_images in evidence.SIZES[dataset]:
        found = []
        for seed in SEEDS:
            parts = splits.split(source.labels, num_images, seed)
            found.append(advised(features, source.labels, parts.train, parts.test))
        _tell(f"{dataset}, {num_images}", found)


def on_runs(dataset: str, store: RunStore) -> None:
    """Train what the rule recommends; print it beside the best recorded way for each size."""
    differences = []
    for cell in evidence.read().of(dataset):
        advice = rule.recommend(evidence.situation_of(dataset, cell.num_images), BACKBONE)
        trained = [recommended_run(dataset, cell.num_images, seed, store) for seed in SEEDS]
        right = np.stack([_right(run) for run in trained])
        best = cell.tried[cell.winner]
        pairs = right.astype(float) - best.correct
        low, high = intervals.crossed_interval(pairs)
        differences.append(float(pairs.mean()))
        print(
            f"{dataset}, {cell.num_images}: {advice.way} at {trained[0].config.image_size} pixels "
            f"{right.mean():.3f}; best recorded way at {evidence.IMAGE_SIZE} pixels: {best.way} "
            f"{best.accuracy:.3f}; difference {100 * differences[-1]:+.1f} points, 95 % interval "
            f"{100 * low:+.1f} to {100 * high:+.1f}",
            flush=True,
        )
    print(f"{dataset}: {100 * np.mean(differences):+.1f} points on average", flush=True)


def on_deals(num_deals: int, folder: Path) -> None:
    """Compare all ways with the recommended run on OpenMoji with other test images in each deal."""
    source = tfds.source(DRAWINGS)
    right: dict[tuple[int, str], list[BoolArray]] = {}
    for deal in range(num_deals):
        images = folder / f"deal-{deal}"
        _deal(source, images, deal)
        described = image_folder.describe_folder(images)
        given: dict[str, Any] = {
            "data_fingerprint": described.fingerprint,
            "max_train_images": described.max_train_images,
        }
        for num_images in evidence.SIZES[DRAWINGS]:
            for way in (way for way in evidence.WAYS if way != "scratch"):
                config = evidence.config(DRAWINGS, way, num_images, SEEDS[0], **given)
                run = _trained(config, RunStore(folder / "runs"), images)
                right.setdefault((num_images, way), []).append(_right(run))
            config = _recommended(DRAWINGS, num_images, SEEDS[0])
            config = runs.make_config(**vars(config) | given)
            run = _trained(config, RunStore(folder / "runs"), images)
            right.setdefault((num_images, RECOMMENDED), []).append(_right(run))
        _tell_deals(right)


def _deal(source: ImageSource, images: Path, seed: int) -> None:
    """Write the drawings under names in another order, which divides them in another way."""
    numbers = np.random.default_rng(seed).permutation(len(source.labels))
    for index, data in source.read(frozenset(range(len(numbers)))):
        name = source.class_names[source.labels[index]]
        (images / name).mkdir(parents=True, exist_ok=True)
        (images / name / f"{numbers[index]:04}.png").write_bytes(data)


def _tell_deals(right: dict[tuple[int, str], list[BoolArray]]) -> None:
    for num_images in sorted({number for number, _ in right}):
        means = {
            way: np.mean(found) for (number, way), found in right.items() if number == num_images
        }
        best = max((way for way in means if way != RECOMMENDED), key=means.__getitem__)
        pairs = np.concatenate(right[num_images, RECOMMENDED]).astype(float)
        pairs -= np.concatenate(right[num_images, best])
        error = pairs.std(ddof=1) / np.sqrt(len(pairs))
        words = ", ".join(f"{way} {mean:.3f}" for way, mean in means.items())
        print(
            f"{num_images} drawings, {len(pairs)} answers: {words}; recommended minus {best} "
            f"{100 * pairs.mean():+.1f} points, standard error {100 * error:.1f}",
            flush=True,
        )


def recommended_run(dataset: str, num_images: int, seed: int, store: RunStore) -> Run:
    """The run that the rule recommends, trained unless the store has it."""
    return _trained(_recommended(dataset, num_images, seed), store)


def _recommended(dataset: str, num_images: int, seed: int) -> TrainConfig:
    advice = rule.recommend(evidence.situation_of(dataset, num_images), BACKBONE)
    return recipes.config(
        advice,
        datasets.get(dataset),
        backbones.get(BACKBONE),
        num_images=num_images,
        seed=seed,
    )


def _trained(config: TrainConfig, store: RunStore, images: Path | None = None) -> Run:
    from lib.training import task

    return task.train(config, lambda event: None, store=store, images=images)


def _right(run: Run) -> BoolArray:
    """(test images,), True where the answer is right, in the order of the images."""
    answers = evaluation.load(run)
    assert answers is not None, "A finished run has answers."
    return answers.correct[np.argsort(answers.index)]


def _features(dataset: str, source: ImageSource) -> dict[int, FloatArray]:
    every = np.arange(len(source.labels))
    return {
        size: judge.pooled_features(dataset, source, every, BACKBONE, size)
        for size in judgement.compared_sizes(BACKBONE)
    }


def _tell(title: str, found: Sequence[Advised]) -> None:
    accuracies = [each.accuracy for each in found]
    sizes = Counter(each.image_size for each in found)
    chosen = ", ".join(f"{size} px {number} times" for size, number in sorted(sizes.items()))
    bias = np.mean([each.expected - each.accuracy for each in found])
    each_size = ", ".join(
        f"{size} px {np.mean([each.at[size] for each in found]):.3f}" for size in found[0].at
    )
    print(
        f"{title}: mean {np.mean(accuracies):.4f}, worst {min(accuracies):.4f} ({chosen}); "
        f"cross-validation says {100 * bias:+.1f} points more; every time at {each_size}",
        flush=True,
    )


def main() -> None:
    """Print one line for each dataset and number of images."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_advice")
    parser.add_argument("--images", type=Path, help="photographs of cats and dogs")
    parser.add_argument("--draws", type=int, default=20, help="random choices of photographs")
    parser.add_argument("--runs", action="store_true", help="train the recommended runs instead")
    parser.add_argument("--deals", type=int, default=0, help="other divisions of the drawings")
    parser.add_argument("--keep", type=Path, help="folder of these runs, to go on later")
    options = parser.parse_args()
    # The matrices are small: several threads of BLAS would be slower.
    with threadpool_limits(1, user_api="blas"):
        if options.images:
            on_photographs(options.images, options.draws)
        for dataset in () if options.runs else RECORDED:
            on_recorded(dataset)
    if options.runs:
        with tempfile.TemporaryDirectory() as folder:
            for dataset in RECORDED:
                on_runs(dataset, RunStore(options.keep or Path(folder)))
            on_deals(options.deals, options.keep or Path(folder))


if __name__ == "__main__":
    main()
