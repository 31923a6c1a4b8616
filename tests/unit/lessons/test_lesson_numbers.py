"""Every number that a lesson states is the one that its step's page computes.

FACTS holds a sentence part for each of them, made from what the page shows. A second test finds
numbers in the texts that no fact accounts for.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from lib.core import backbones, datasets, freezing, heads
from lib.core.features import depths, filters, probes
from lib.core.intervals import wilson_interval
from lib.core.lessons.schema import Step
from lib.core.maps import feature_maps, predictions
from lib.core.maps.board import EXAMPLES
from lib.core.network import step_cost
from lib.core.reading import evaluation
from lib.core.reading.diagnose import diagnose
from lib.core.runs import Run
from lib.core.strategy import rule
from lib.core.trainable import traps, truth_table
from lib.ui import cache as shown
from lib.ui import state
from lib.ui.lessons import registry
from lib.ui.maps import class_names, subject
from lib.ui.network import plan_link
from lib.ui.network.plan import PlanState
from lib.ui.strategy import answers, questions
from lib.ui.trainable import choices

ROOT = Path(__file__).parents[3]
# With a comma, a point or a per cent sign: no year, no counted thing.
NUMBER = re.compile(r"\d[\d,]*\.\d+(?: %)?|\d{1,3}(?:,\d{3})+|\d+ %")
TWO_PHASES, HEAD, SCRATCH = "0a054f2598a7c7af", "2b20bb785fa787bf", "53e106d79c46c83e"
LAG, FROZEN_NORM = "536265a3f7ae0881", "63b013024eb99c4b"
CELLS_TOP, CELLS_HEAD, CELLS_LONG = "853585402dbbd48a", "07708f4c7cdd1c9f", "c3d390c6c9863a56"
SMALL, SLOW, FORGOTTEN = "36f5d007251c00d6", "293a46168b4ba359", "9f7a1fad97932ef4"
FIFTY, NOTHING = "c8cf52854b431d7a", "4f1c90e751d84887"
DIGITS_THAWED, DIGITS_HEAD = "fe98dd599cc90812", "a88ca56a288c8fbd"


def step_of(place: str) -> Step:
    lesson, number = place.split()
    return registry.shipped()[lesson].steps[int(number) - 1]


def text_of(step: Step) -> str:
    """What a step states: a wrong answer states nothing."""
    right = step.answers[step.right - 1] if step.right else ""
    return " ".join((step.say, step.question, right, step.after, step.notes))


def summary(link: str) -> PlanState:
    return plan_link.from_link(dict(parse_qsl(link)))[0]


def counts(link: str) -> freezing.ParamCounts:
    """The three lines of the page Model summary."""
    now = summary(link)
    head = heads.count_params(now.head, now.layers[-1].output_shape)
    return freezing.count_params(now.layers, now.plan) + head


@cache
def run(id_: str) -> Run:
    return next(each for each in shown.recorded_runs() if each.id == id_)


def val(id_: str, epoch: int = -1) -> str:
    """A point of the validation curve; epochs are counted from 1."""
    return f"{run(id_).history[epoch - (epoch > 0)].val_accuracy:.3f}"


def train(id_: str, epoch: int = -1) -> str:
    return f"{run(id_).history[epoch - (epoch > 0)].accuracy:.3f}"


def on_test_images(id_: str) -> str:
    return f"{run(id_).result['test_accuracy']:.3f}"


def said_of(id_: str, kind: str, *numbers: str) -> bool:
    """Whether the finding that a step opens has these numbers."""
    found = next(each for each in diagnose(run(id_)) if each.kind == kind)
    return all(number in found.explanation for number in numbers)


def predicted(id_: str, example: str) -> tuple[str, str]:
    answer = predictions.from_shipped_maps(run(id_), example)
    assert answer
    name = run(id_).result["class_names"][answer.best]
    return name, f"{float(answer.probabilities[answer.best]):.1%}".replace("%", " %")


def imagenet(example: str) -> tuple[str, str]:
    maps = feature_maps.load(example, subject.FIRST_SIZE)
    best = maps.top()[0]
    share = f"{float(maps.probabilities[best]):.1%}".replace("%", " %")
    return class_names.names()[best], share


def after(dataset: str, block: str) -> str:
    """How many images a head after a block gets right."""
    found = probes.shipped()[dataset]
    rows = {found.depth(place).block: row for place, row in enumerate(found.rows)}
    return f"{found.share(rows[block]).value:.1%}".replace("%", " %")


def field(block: str) -> str:
    size = next(each.field.size for each in depths.depths() if each.block == block)
    return f"{size} x {size} pixels"


def norms(link: str) -> int:
    now = summary(link)
    return sum(row.is_batch_norm for row in now.layers[now.cut :])


def thawed(link: str) -> str:
    now = summary(link)
    weighted = [row for row in now.layers if row.params]
    open_ = [row for row in weighted if not now.plan.is_frozen(row)]
    return f"{len(open_)} of the {len(weighted)} layers"


def rate_divided() -> float:
    config = run(NOTHING).config
    return config.head_learning_rate / config.fine_tune_learning_rate


def found_of(id_: str) -> evaluation.Evaluation:
    found = evaluation.load(run(id_))
    assert found
    return found


def difference(head: str = CELLS_HEAD, thawed: str = CELLS_TOP) -> tuple[float, float, float]:
    """How much better a thawed run is on the test images, in points."""
    found = evaluation.compare(found_of(head), found_of(thawed))
    return 100 * found.difference, 100 * found.low, 100 * found.high


def step_time(link: str) -> float:
    now = summary(link)
    return step_cost.relative_step_time(now.layers, now.plan)


def kinds() -> tuple[int, int, int]:
    found = [kind.name for kind in filters.load()["pretrained"].kinds]
    return len(found), found.count("edge"), found.count("colour")


def averages(example: str) -> tuple[float, ...]:
    return EXAMPLES[example].board.averages


def shape(link: str) -> str:
    return " x ".join(f"{side:,}" for side in summary(link).layers[-1].output_shape)


EFFICIENTNET, DRAWINGS = "efficientnet_lite0", "openmoji_animals_food"
EFFICIENT, MOBILE = f"backbone={EFFICIENTNET}&thaw=", "backbone=mobilenet_v2&thaw=100&bn="
NONE, TOP, ALL = (EFFICIENT + w for w in ("nothing", "block_11_expand_conv", "everything"))
FLATTEN = NONE + "&head=flatten_0_0_1"


def fewer() -> tuple[int, float]:
    """How many parameters freezing BatchNormalization takes from training, and their share."""
    before = counts(MOBILE + "thawed").trainable
    less = before - counts(MOBILE + "frozen").trainable
    return less, less / before


def all_thawed(id_: str) -> bool:
    """Whether a run thaws everything and calls the base as the recipe does."""
    config = run(id_).config
    return (config.strategy, config.batch_norm) == ("full_fine_tuning", "tutorial")


FACTS: list[tuple[str, Callable[[], str]]] = [
    ("tour 1", lambda: f"{len(class_names.names()):,} classes"),
    ("tour 1", lambda: "{}, {}".format(*imagenet("drawn_cat")).capitalize()),
    ("tour 4", lambda: f"{counts(NONE).trainable:,}"),
    ("tour 4", lambda: f"{counts(NONE).total / 1e6:.1f} million"),
    ("tour 4", lambda: f"{counts(NONE).trainable - 1:,} numbers"),
    ("tour 6", lambda: f"{val(TWO_PHASES, 1)} against {train(TWO_PHASES, 1)}"),
    ("tour 6", lambda: f"{100 * (float(val(TWO_PHASES)) - float(val(TWO_PHASES, 10))):.1f} points"),
    ("tour 7", lambda: "{} with {}".format(*predicted(HEAD, "drawn_cat"))),
    ("freeze_and_count 2", lambda: f"{counts(NONE).trainable:,} are trainable"),
    ("freeze_and_count 2", lambda: f"{counts(NONE).non_trainable:,} are non-trainable"),
    ("freeze_and_count 2", lambda: f"{counts(NONE).total:,}"),
    ("freeze_and_count 3", lambda: thawed(TOP)),
    ("freeze_and_count 3", lambda: f"{counts(TOP).trainable_share:.1%}".replace("%", " %")),
    ("freeze_and_count 4", lambda: f"{counts(ALL).trainable:,} parameters"),
    ("freeze_and_count 4", lambda: f"{counts(NONE).trainable:,}"),
    ("freeze_and_count 4", lambda: f"About {step_time(ALL):.0f} times"),
    ("freeze_and_count 5", lambda: f"{counts(ALL + '&bn=thawed').non_trainable:,}"),
    ("what_layers_know 1", lambda: field("stem")),
    ("what_layers_know 2", lambda: field("block_4")),
    ("what_layers_know 3", lambda: f"{depths.depths()[-1].channels:,} channels"),
    ("what_layers_know 3", lambda: "{0} x {0} cells".format(depths.depths()[-1].grid)),
    (
        "what_layers_know 4",
        lambda: "Of the {} first filters, {} find edges and {}".format(*kinds()),
    ),
    ("what_layers_know 4", lambda: f"{len(class_names.names()):,} classes"),
    ("what_layers_know 5", lambda: f"After block 15 it is {after(DRAWINGS, 'block_15')}"),
    ("what_layers_know 5", lambda: f"at the end {after(DRAWINGS, 'top')}"),
    ("what_layers_know 6", lambda: f"After block 13 it gets {after('digits', 'block_13')} right"),
    ("what_layers_know 6", lambda: f"at the end only {after('digits', 'top')}"),
    ("what_layers_know 7", lambda: f"{depths.depths()[-1].channels:,} feature maps"),
    (
        "global_average_pooling 1",
        lambda: "Channel 1 has {:g} everywhere".format(*averages("equal")),
    ),
    ("global_average_pooling 1", lambda: "Channel 2 has {1:g}".format(*averages("equal"))),
    ("global_average_pooling 2", lambda: "both averages are {:g}".format(*averages("one_hot"))),
    (
        "global_average_pooling 2",
        lambda: "{:g} against {:g}".format(*EXAMPLES["one_hot"].board.maxima),
    ),
    ("global_average_pooling 4", lambda: f"{shape(NONE)} for an image of 128 pixels"),
    ("global_average_pooling 4", lambda: f"{counts(NONE).trainable:,} parameters"),
    ("global_average_pooling 4", lambda: f"{counts(NONE).trainable - 1:,} weights"),
    ("global_average_pooling 5", lambda: f"{counts(FLATTEN).trainable:,}, about 16 times"),
    ("global_average_pooling 5", lambda: f"{shape(FLATTEN)} = {counts(FLATTEN).trainable - 1:,}"),
    ("global_average_pooling 5", lambda: f"{counts(FLATTEN + '&size=224').trainable:,}"),
    ("global_average_pooling 5", lambda: f"stays at {counts(NONE).trainable:,}"),
    ("global_average_pooling 6", lambda: f"a bias of {EXAMPLES['meanings'].board.bias:g}"),
    ("head_first_then_thaw 2", lambda: f"accuracy is {val(FORGOTTEN, 10)}"),
    ("head_first_then_thaw 2", lambda: f"It falls to {val(FORGOTTEN, 11)}"),
    (
        "head_first_then_thaw 2",
        lambda: f"learn at {run(FORGOTTEN).config.fine_tune_learning_rate:g}",
    ),
    ("head_first_then_thaw 3", lambda: f"{val(NOTHING, 10)} before fine-tuning"),
    ("head_first_then_thaw 3", lambda: f"{val(NOTHING)} after it"),
    (
        "head_first_then_thaw 7",
        lambda: f"was {val(TWO_PHASES, 10)}, and at the end it is {val(TWO_PHASES)}",
    ),
    (
        "head_first_then_thaw 7",
        lambda: f"There are {run(TWO_PHASES).result['split_sizes']['validation']}",
    ),
    ("head_first_then_thaw 7", lambda: "2.5 points" if 100 / 40 == 2.5 else ""),
    ("head_first_then_thaw 7", lambda: f"accuracy of {train(TWO_PHASES)}"),
    ("batch_normalization_trap 4", lambda: f"{norms(MOBILE + 'thawed')} BatchNormalization layers"),
    ("batch_normalization_trap 4", lambda: f"{counts(MOBILE + 'thawed').trainable:,} trainable"),
    ("batch_normalization_trap 5", lambda: f"climbs to {train(LAG)}"),
    (
        "batch_normalization_trap 5",
        lambda: f"{run(LAG).result['split_sizes']['validation']} validation images",
    ),
    ("batch_normalization_trap 5", lambda: backbones.get(run(LAG).config.backbone).title),
    (
        "batch_normalization_trap 5",
        lambda: f"from epoch {run(LAG).config.head_epochs + 1} on" if all_thawed(LAG) else "",
    ),
    ("batch_normalization_trap 5", lambda: f"accuracy was {val(LAG, 10)} before"),
    ("batch_normalization_trap 5", lambda: f"It ends at {val(LAG)}"),
    (
        "batch_normalization_trap 5",
        lambda: "only 0.870" if said_of(LAG, "batch_norm_lag", "0.870") else "",
    ),
    ("batch_normalization_trap 7", lambda: f"the {norms(MOBILE + 'thawed')} layers"),
    ("batch_normalization_trap 7", lambda: f"{counts(MOBILE + 'frozen').trainable:,} parameters"),
    ("batch_normalization_trap 7", lambda: f"instead of {counts(MOBILE + 'thawed').trainable:,}"),
    ("batch_normalization_trap 7", lambda: f"{fewer()[0]:,} parameters fewer"),
    (
        "batch_normalization_trap 7",
        lambda: "That is {:,} fewer, about {:.1%} of".format(*fewer()).replace("%", " %"),
    ),
    ("batch_normalization_trap 7", lambda: f"test accuracy of {on_test_images(FROZEN_NORM)}"),
    (
        "batch_normalization_trap 7",
        lambda: f"rate of {run(FROZEN_NORM).config.fine_tune_learning_rate:g}",
    ),
    ("which_strategy 2", lambda: f"{counts(NONE).trainable:,} parameters"),
    ("which_strategy 3", lambda: f"{datasets.get('elpv').max_train_images:,} infrared photographs"),
    (
        "which_strategy 4",
        lambda: f"{run(HEAD).result['params']['feature_extraction']['trainable']:,} parameters",
    ),
    (
        "which_strategy 4",
        lambda: f"{run(SCRATCH).result['params']['from_scratch']['trainable']:,} parameters",
    ),
    (
        "which_strategy 4",
        lambda: f"{run(SCRATCH).result['params']['from_scratch']['trainable'] / 1e6:.1f} million",
    ),
    ("which_strategy 4", lambda: f"{val(HEAD)} against {val(SCRATCH)}"),
    ("which_strategy 4", lambda: f"perfectly: {train(SCRATCH)}"),
    ("which_strategy 4", lambda: f"at {val(SCRATCH, 10)} for ten epochs"),
    ("which_strategy 5", lambda: f"{run(CELLS_TOP).config.num_images:,} solar cells"),
    ("which_strategy 5", lambda: f"Only the head: {val(CELLS_HEAD)}"),
    ("which_strategy 5", lambda: f"Top layers thawed: {val(CELLS_TOP)}"),
    (
        "which_strategy 5",
        lambda: f"it is {on_test_images(CELLS_HEAD)} against {on_test_images(CELLS_TOP)}",
    ),
    (
        "which_strategy 5",
        lambda: f"{100 / run(CELLS_TOP).result['split_sizes']['validation']:.2f} points",
    ),
    ("reading_curves 2", lambda: f"accuracy is {train(TWO_PHASES, 1)}"),
    ("reading_curves 2", lambda: f"validation accuracy is {val(TWO_PHASES, 1)}"),
    (
        "reading_curves 3",
        lambda: "from 0.492 to 0.834" if said_of(FIFTY, "overfitting", "0.492", "0.834") else "",
    ),
    ("reading_curves 3", lambda: "60 % confidence"),
    ("reading_curves 3", lambda: "99.9 %"),
    ("reading_curves 4", lambda: f"{run(SMALL).config.num_images:,} solar cells"),
    ("reading_curves 4", lambda: f"{run(SMALL).config.dropout:.0%} dropout".replace("%", " %")),
    ("reading_curves 4", lambda: f"near {float(train(SMALL)) / 2 + float(val(SMALL)) / 2:.2f}"),
    ("reading_curves 4", lambda: f"same {run(CELLS_LONG).config.num_images:,} cells"),
    ("reading_curves 4", lambda: f"reach {val(CELLS_LONG)}"),
    ("reading_curves 5", lambda: f"from {val(SLOW, 1)} to {val(SLOW)}"),
    ("reading_curves 5", lambda: f"The rate is {run(SLOW).config.head_learning_rate:.5f}"),
    ("reading_curves 5", lambda: f"reaches {val(HEAD)} within ten epochs"),
    ("reading_curves 6", lambda: f"accuracy of {val(TWO_PHASES)}, which is 37 of 40"),
    ("reading_curves 6", lambda: "from {:.3f} to {:.3f}".format(*wilson_interval(37, 40))),
    ("reading_curves 6", lambda: "{:.2f} to {:.2f}".format(*wilson_interval(37, 40))),
    ("reading_curves 6", lambda: "95 % interval"),
    ("reading_curves 7", lambda: f"accuracy is {train(SCRATCH, 10)}"),
    ("reading_curves 7", lambda: f"exactly {val(SCRATCH, 10)}"),
    ("reading_curves 7", lambda: f"climbs to {val(SCRATCH)}"),
]


FACTS += [
    ("head_first_then_thaw 3", lambda: f"rate ÷ {rate_divided():,.0f}"),
    ("which_strategy 5", lambda: "{:.1f} points better".format(*difference())),
    ("which_strategy 5", lambda: "95 % interval {1:.1f} to {2:.1f}".format(*difference())),
    ("which_strategy 6", lambda: f"{run(DIGITS_HEAD).config.head_epochs} epochs"),
    ("which_strategy 6", lambda: f"{val(DIGITS_HEAD)} at the end of validation"),
    ("which_strategy 6", lambda: f"The head for {run(DIGITS_THAWED).config.head_epochs} epochs"),
    ("which_strategy 6", lambda: f"everything thawed: {val(DIGITS_THAWED)}"),
    ("which_strategy 6", lambda: f"accuracy is {train(DIGITS_THAWED)} in both"),
    ("which_strategy 6", lambda: f"accuracy is {train(DIGITS_HEAD)} in both"),
    (
        "which_strategy 6",
        lambda: "{:.1f} points better, 95 % interval {:.1f} to {:.1f}".format(
            *difference(DIGITS_HEAD, DIGITS_THAWED)
        ),
    ),
    (
        "which_strategy 6",
        lambda: f"{run(DIGITS_HEAD).result['split_sizes']['test']} test images",
    ),
]


@pytest.mark.parametrize(
    ("place", "fact"), FACTS, ids=[f"{place}, fact {n}" for n, (place, _) in enumerate(FACTS)]
)
def test_a_number_in_a_text_is_the_one_on_the_page(place: str, fact: Callable[[], str]) -> None:
    assert fact()
    assert fact() in text_of(step_of(place))


@pytest.mark.parametrize("id_", registry.COURSE)
def test_no_number_in_a_text_is_without_a_fact(id_: str) -> None:
    for number, step in enumerate(registry.shipped()[id_].steps, start=1):
        known = " ".join(fact() for place, fact in FACTS if place == f"{id_} {number}")
        for found in NUMBER.findall(text_of(step)):
            assert found in known, f"{id_}, step {number}: where does {found} come from?"


# --- What is right --------------------------------------------------------------------------------


def asked(page: str, parameter: str) -> list[tuple[Step, str]]:
    """The steps of a page that have a question, and their value of a parameter of the link."""
    steps = [step for lesson in registry.shipped().values() for step in lesson.steps]
    return [
        (step, step.parameters[parameter])
        for step in steps
        if step.page == page and step.question and parameter in step.parameters
    ]


def test_a_question_about_a_trap_has_the_recorded_outcome_as_its_answer() -> None:
    found = asked("trainable", state.LINK_TRAP)
    assert len(found) >= 4
    for step, key in found:
        outcome = traps.recorded()[key].trap
        assert step.right - 1 == traps.TRAPS[key].right(outcome), key
        # The state opens that trap and no other one.
        opened = choices.valid_answers(step.parameters[state.LINK_ANSWERS])
        assert opened
        places = [choices.is_open(place) for place in opened]
        assert places == [each == key for each in traps.TRAPS]


def test_the_frozen_batch_normalization_keeps_its_statistics_as_the_step_says() -> None:
    (step,) = (each for each, _ in asked("trainable", state.LINK_CELLS))
    opened = choices.valid_cells(step.parameters[state.LINK_CELLS])
    assert opened
    (place,) = (place for place, each in enumerate(opened) if choices.is_open(each))
    cell = truth_table.CELLS[place]
    assert (cell.kind, cell.trainable, cell.when) == ("BatchNormalization", False, "before compile")
    assert truth_table.observed(cell.kind, truth_table.recorded()[place].keras) == "nothing"
    assert "inference mode" in step.answers[step.right - 1]


@pytest.mark.parametrize(
    ("place", "strategy", "words"),
    [
        ("which_strategy 2", "feature_extraction", "Only the head"),
        ("which_strategy 3", "full_fine_tuning", "Everything is trained"),
    ],
)
def test_the_strategy_that_is_right_is_the_one_that_the_page_recommends(
    place: str, strategy: str, words: str
) -> None:
    step = step_of(place)
    _, situation, ignored = answers.from_link(
        step.parameters, datasets.DATASETS, rule.Situation(1, 0.0)
    )
    assert not ignored
    assert rule.recommend(situation, EFFICIENTNET).strategy == strategy
    assert step.answers[step.right - 1].startswith(words)


def test_a_finding_that_a_step_opens_is_one_of_its_run() -> None:
    found = asked("learning_curves", state.LINK_FINDING)
    assert len(found) >= 6
    for step, kind in found:
        assert kind in [each.kind for each in diagnose(run(step.parameters[state.RUN]))]


def test_every_run_and_every_question_of_a_step_ships() -> None:
    for lesson in registry.shipped().values():
        for step in lesson.steps:
            given = step.parameters
            named = [*given.get(state.RUNS, "").split(","), given.get(state.RUN, "")]
            for id_ in filter(None, named):
                assert run(id_)
            if step.page == "strategy" and state.LINK_QUESTION in given:
                assert given[state.LINK_QUESTION] in questions.QUESTIONS


def test_the_tour_says_where_a_run_is_recorded_and_not_the_readers() -> None:
    own, *recorded = (step_of(f"tour {number}") for number in (5, 6, 7))
    assert own.page == "training_lab"
    assert "When your run is done, press Next: the next steps use recorded runs." in own.say
    assert all("recorded run" in step.say for step in recorded)


@pytest.mark.parametrize("id_", registry.COURSE)
def test_each_lesson_asks_at_least_twice_and_says_why(id_: str) -> None:
    asked_ = [step for step in registry.shipped()[id_].steps if step.question]
    assert len(asked_) >= 2
    for step in asked_:
        assert step.after
        assert len(step.answers) >= 3
    # Whoever always takes the same place is not right.
    assert len({step.right for step in asked_}) > 1


def test_the_readme_says_how_long_each_lesson_takes_and_which_make_a_lecture() -> None:
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    course = registry.shipped()
    for lesson in course.values():
        assert f"| {lesson.title} | {lesson.minutes} |" in readme
    lecture = [
        course[id_]
        for id_ in ("tour", "freeze_and_count", "head_first_then_thaw", "reading_curves")
    ]
    *first, last = (lesson.title for lesson in lecture)
    assert sum(lesson.minutes for lesson in lecture) == 45
    assert f"**A lecture of 45 minutes**: {', '.join(first)}, and {last}." in readme
    others = sum(lesson.minutes for lesson in course.values() if lesson not in lecture)
    assert f"the second lecture, of {others} minutes" in readme
