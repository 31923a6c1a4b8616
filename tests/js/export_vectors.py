"""Writes tests/js/vectors.json: what Python says of the cases that the JavaScript is tested with.

python -m tests.js.export_vectors [--check]

With --check nothing is written: it exits with 1 where the committed file is not what Python says.
"""

import argparse
import base64
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from lib.core import backbones, datasets
from lib.core.features import depths, looks
from lib.core.maps.board import EXAMPLES, MAX_CHANNELS, MAX_SIDE, MAX_VALUE, Board
from lib.core.strategy.rule import Situation
from lib.core.trainable import layer_kinds
from lib.core.zero_shot import animals
from lib.figures import theme
from lib.ui.network.plan import PlanState
from lib.ui.parts.description import component as description_board
from lib.ui.parts.feature_depths import component as feature_depths
from lib.ui.parts.layer_strip import component as layer_strip
from lib.ui.parts.pooling_board import component as pooling_board
from lib.ui.parts.strategy_board import component as strategy_board
from lib.ui.strategy import answers as strategy_answers
from lib.ui.trainable import glass
from lib.ui.trainable.choices import Choices
from lib.ui.zero_shot.description import FIRST, Asked

FILE = Path(__file__).with_name("vectors.json")
ORDERED = 10  # photographs of a ranking whose order is compared
CUT_STEP = 11  # beside the borders of blocks: a cut after so many layers
LAYER = ("inbound", "params", "trainable", "statistics", "tensors", "batchNorm", "cost")


def table(rows: Sequence[Mapping[str, Any]], keys: Sequence[str] = ()) -> dict[str, Any]:
    """Objects with the same keys, which are written once.

    Args:
        rows: The objects.
        keys: Those to keep; all where there are none.
    """
    keys = keys or tuple(rows[0])
    return {"keys": keys, "rows": [[row[key] for key in keys] for row in rows]}


def plans(backbone: str) -> dict[str, Any]:
    """Freeze plans of a backbone: cuts at every border of a block and between, and layers by hand.

    Args:
        backbone: Id.
    """
    start = PlanState.default(backbone)
    sent = layer_strip.payload(start, 0)
    network = json.loads(sent["table"])
    names = [row.name for row in start.layers if row.weights]
    count = len(start.layers)
    cases = []
    for place, cut in enumerate(
        sorted({*network["boundaries"], *range(0, count, CUT_STEP), count})
    ):
        batch_norm = "thawed" if place % 2 else "frozen"
        by_hand = frozenset(names[cut % len(names) :: 7] if place % 3 == 2 else ())
        state = replace(start.with_cut(cut), batch_norm=batch_norm, by_hand=by_hand)
        shown = layer_strip.payload(state, 0)
        cases.append({"wanted": cut} | shown["plan"] | shown["numbers"])
    layers = table(network["layers"], LAYER)
    return {"layers": layers, "head": sent["head"], "cases": table(cases)}


def boards() -> Iterator[dict[str, Any]]:
    """Feature maps: every example, and the smallest and the largest board."""
    for height, width, channels in ((1, 1, 1), (2, 3, 2), (MAX_SIDE, MAX_SIDE, MAX_CHANNELS)):
        values = tuple(
            place * 37 % 397 / 2 - MAX_VALUE for place in range(height * width * channels)
        )
        weights = tuple(1.5 - channel for channel in range(channels))
        yield board(Board(height, width, values, weights, -0.25))
    for example in EXAMPLES.values():
        yield board(example.board)


def board(shown: Board) -> dict[str, Any]:
    """One feature map, the numbers that follow, and the same pattern elsewhere.

    Args:
        shown: The map.
    """
    sent = pooling_board.payload(shown, next(iter(EXAMPLES)), 0)
    shifts = [(0, 1), (0, -1), (1, 0), (-1, 0)]
    return {
        "board": sent["board"],
        "numbers": sent["numbers"],
        "shifts": [{"by": by, "values": shown.shifted(*by).values} for by in shifts],
    }


def situations() -> Iterator[Situation]:
    """Both sides of every border of the rule, and every combination of what may matter."""
    images = (1, 666, 667, 999, 1_000, 1_500, 1_501, 1_999, 2_000, 4_000, 10**7)
    for number, similarity, classes in product(
        images, (0, 0.39, 0.4, 0.49, 0.5, 0.6, 0.61, 1), (3, 20)
    ):
        yield Situation(number, similarity, classes)
    for number, similarity in product((50, 1_500, 50_000), (0.1, 0.9)):
        for minutes, phone, noisy in product((None, 0.5, 1.0), (False, True), (False, True)):
            yield Situation(number, similarity, 2, minutes, phone, noisy)


def strategy() -> dict[str, Any]:
    """The rule as the browser gets it, and what it says of the situations."""
    spec = next(iter(datasets.DATASETS.values()))
    backbone = next(iter(backbones.BACKBONES))
    cases = []
    for situation in situations():
        answers = strategy_answers.Answers(spec.id, situation)
        sent = strategy_board.payload(answers, spec, backbone, 0)
        cases.append(sent["answers"] | sent["advice"])
    fixed = json.loads(sent["fixed"])
    fixed["map"] = {name: fixed["map"][name] for name in ("fields", "similar")}
    rule = {name: fixed[name] for name in ("border", "headOnlyMinutes", "advices", "map")}
    return {"rule": rule, "cases": table(cases)}


def descriptions() -> dict[str, Any]:
    """What is known of the animals, and the ranking of descriptions usual and odd."""
    horse = animals.ANIMALS["horse"].attributes
    asked = (
        FIRST,
        Asked("zebra", horse),
        Asked("zebra", horse | {"stripes"}),
        Asked("zebra", FIRST.ticks, against_trained=True),
        Asked("zebra", FIRST.ticks, against_trained=True, constant=2.5),
        Asked("crocodile", frozenset()),
        Asked("sloth", frozenset(animals.ATTRIBUTES), against_trained=True, constant=12.0),
    )
    cases = []
    for each in asked:
        sent = description_board.payload(each, None, 0)
        order = {"order": each.rank().order[:ORDERED].tolist()}
        cases.append(sent["asked"] | sent["ranking"] | order)
    fixed = json.loads(sent["fixed"])
    return {
        "known": fixed["known"],
        "animals": list(animals.ANIMALS),
        "attributes": list(animals.ATTRIBUTES),
        "cases": table(cases),
    }


def layers() -> dict[str, Any]:
    """Every kind of layer under both switches, at other sizes than the first ones."""
    cases = []
    for kind, switch in product(layer_kinds.KINDS, (True, False)):
        sizes = tuple(range(3, 3 + len(layer_kinds.KINDS[kind].sizes)))
        now = Choices(kind=kind, sizes=sizes, trainable=switch)
        layer = {"kind": kind, "sizes": now.by_size, "trainable": switch}
        cases.append({"layer": layer, "numbers": glass.numbers(now)})
    return {"fixed": json.loads(glass.fixed()), "cases": cases}


def features() -> dict[str, Any]:
    """Receptive fields of a few cells of each depth, and answers that are stored in bytes."""
    size = depths.IMAGE_SIZE
    fields = [
        {"depth": place, "row": row, "column": column}
        | dict(
            zip(
                ("top", "left", "height", "width"),
                (
                    *(span[0] for span in spans),
                    *(span[1] - span[0] for span in spans),
                ),
                strict=True,
            )
        )
        for place, depth in enumerate(depths.depths())
        for row, column in ((0, 0), (depth.grid // 3, depth.grid - 1))
        for spans in [[depth.field.of_cell(each, size) for each in (row, column)]]
    ]
    given = np.linspace(-5, 5, 32)
    stored = looks.as_bytes(given)
    return {
        "size": size,
        "depths": feature_depths.depth_rows(),
        "fields": table(fields),
        "stored": base64.b64encode(stored.tobytes()).decode("ascii"),
        "answers": np.maximum(looks.deviations(stored), 0).round(9).tolist(),
    }


def written(value: Any) -> str:
    """JSON whose last digits do not depend on the machine: libraries add in different orders.

    Args:
        value: Anything that JSON can hold.
    """
    plain = json.loads(json.dumps(value), parse_float=lambda digits: float(f"{float(digits):.12g}"))
    return json.dumps(plain, separators=(",", ":"))


def text() -> str:
    """The file: a line for each backbone and each other topic."""
    colours = [
        {name: getattr(theme.palette(dark), name) for name in ("paper", "heat", "below")}
        for dark in (False, True)
    ]
    topics: list[tuple[str, Any]] = [
        (backbone, plans(backbone)) for backbone in backbones.BACKBONES
    ]
    topics += [
        ("boards", list(boards())),
        ("strategy", strategy()),
        ("descriptions", descriptions()),
        ("glass", layers()),
        ("features", features()),
        ("colours", colours),
    ]
    lines = [f'"{name}":{written(each)}' for name, each in topics]
    return "{" + ",\n".join(lines) + "}\n"


def main() -> None:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if it differs"
    )
    if not parser.parse_args().check:
        FILE.write_text(text(), "utf-8")
    elif FILE.read_text("utf-8") != text():
        sys.exit(f"{FILE.name} is out of date: run python -m tests.js.export_vectors")


if __name__ == "__main__":
    main()
