"""The named parts of each page: what a step can light, a lecture can keep and a link can hide.

A name stands for a CSS selector. What follows ">>" is inside the inline component that the first
half names. The names, as a step or a link says them:

- home: lesson, drawing, seen, before, after, count, strip, network, doors, images
- data: dataset, section, catalogue, split_dots, leak, leak_figure
- features: examples, depths, image, tiles, patches, filters, filters_found, map_curve, map,
  dataset, runs
- model_summary: backbone, strategy, batch_norm, layers, strip, counts, table, code
- trainable: layer, switch, finding, lists, code, steps, step, traps, trap, outcome, moved, residual
- global_average_pooling: board, stage, tools, vectors, maps, decision, saves, flatten,
  accuracy, why
- strategy: dataset, backbone, board, advice, answers, map, run, similarity, similarity_depths,
  question, evidence
- training_lab: dataset, backbone, strategy, start, images, headline, curves, replay, numbers, moved
- learning_curves: gallery, runs, headline, curves, replay, finding, pair, confusion, scores
- predict: picker, run, before, after, details
- zero_shot: board, sum, description, ranking, trade_off, images
"""

# Page -> name -> selector. A page is a key of lib.ui.pages.PAGES.
PARTS: dict[str, dict[str, str]] = {
    "home": {
        "lesson": ".st-key-teach_board",
        "drawing": ".st-key-teach_board >> .drawing",
        # The drawing and what is said of it; the network with its names and its count.
        "seen": ".st-key-teach_board >> .drawing, .before",
        "before": ".st-key-teach_board >> .before",
        "after": ".st-key-teach_board >> .after",
        "count": ".st-key-teach_board >> .count",
        "strip": ".st-key-teach_board >> .strip",
        "network": ".st-key-teach_board >> .count, .strip, .under",
        "doors": ".st-key-doors",
        "images": ".st-key-home_images",
    },
    "data": {
        "dataset": ".st-key-dataset",
        "section": ".st-key-data_section",
        "catalogue": '[class*="st-key-card_"]',
        "split_dots": ".st-key-split_dots",
        "leak": ".st-key-leak_dots",
        "leak_figure": ".st-key-leak_figure",
    },
    "features": {
        "examples": ".st-key-feature_depths >> .examples",
        "depths": ".st-key-feature_depths",
        "image": ".st-key-feature_depths >> .stage",
        "tiles": ".st-key-feature_depths >> .tiles",
        "patches": ".st-key-feature_depths >> .patches",
        "filters": ".st-key-first_filters",
        "filters_found": ".st-key-filters_found",
        "map_curve": ".st-key-image_map >> .curve",
        "map": ".st-key-image_map",
        "dataset": ".st-key-dataset",
        "runs": ".st-key-image_map_tuned",
    },
    "model_summary": {
        "backbone": ".st-key-backbone",
        "strategy": ".st-key-strategy",
        "batch_norm": ".st-key-batch_norm",
        "layers": ".st-key-layer_strip",
        "strip": ".st-key-layer_strip >> .strip",
        "counts": ".st-key-layer_strip >> .counts",
        "table": ".st-key-layer_strip >> .table",
        "code": ".st-key-model_code",
    },
    "trainable": {
        "layer": ".st-key-layer_glass",
        "switch": ".st-key-layer_glass >> .switch",
        "finding": ".st-key-layer_glass >> .finding",
        "lists": ".st-key-layer_glass >> .lists",
        "code": ".st-key-layer_glass >> .code",
        "steps": ".st-key-step_table",
        # The rows that are open.
        "step": ".st-key-step_table >> thead, .open",
        "traps": ".st-key-traps",
        "trap": ".st-key-open_trap",
        # What the trap does, without its code and its cure; and only what has moved.
        "outcome": ".st-key-trap_outcome",
        "moved": ".st-key-trap_moved",
        "residual": ".st-key-residual_block",
    },
    "global_average_pooling": {
        "board": ".st-key-pooling_board",
        "stage": ".st-key-pooling_board >> .stage",
        "tools": ".st-key-pooling_board >> .tools",
        "vectors": ".st-key-pooling_board >> .compare",
        "maps": ".st-key-feature_maps",
        "decision": ".st-key-feature_maps_decision",
        "saves": ".st-key-saves",
        "flatten": ".st-key-flatten",
        "accuracy": ".st-key-accuracy",
        "why": ".st-key-why",
    },
    "strategy": {
        "dataset": ".st-key-dataset",
        "backbone": ".st-key-backbone",
        "board": ".st-key-strategy_board",
        "advice": ".st-key-strategy_board >> .advice",
        "answers": ".st-key-strategy_board >> .questions",
        "map": ".st-key-strategy_board >> .chart",
        "run": ".st-key-strategy_run",
        "similarity": ".st-key-similarity_scale",
        "similarity_depths": ".st-key-similarity_depths",
        "question": ".st-key-strategy_question",
        "evidence": ".st-key-strategy_evidence",
    },
    "training_lab": {
        "dataset": ".st-key-dataset",
        "backbone": ".st-key-backbone",
        "strategy": ".st-key-strategy",
        "start": ".st-key-start_run",
        "images": ".st-key-training_images",
        "headline": ".st-key-lab_headline",
        "curves": ".st-key-lab_curves",
        "replay": ".st-key-figure_bar",
        "numbers": ".st-key-lab_numbers",
        "moved": '[class*="st-key-moved_"]',
    },
    "learning_curves": {
        "gallery": ".st-key-gallery_of_runs",
        "runs": ".st-key-chosen_runs",
        "headline": ".st-key-curves_headline",
        "curves": ".st-key-curves_figure",
        "replay": ".st-key-figure_bar",
        "finding": ".st-key-findings_of_run",
        "pair": '[class*="st-key-pair_of_runs"]',
        "confusion": '[class*="st-key-confusion_matrix"]',
        "scores": ".st-key-scores",
    },
    "predict": {
        "picker": ".st-key-predict_picker",
        "run": ".st-key-predict_run",
        "before": ".st-key-predict_before",
        "after": ".st-key-predict_after",
        "details": ".st-key-predict_details",
    },
    "zero_shot": {
        "board": ".st-key-description_board",
        "sum": ".st-key-description_board >> .sum",
        "description": ".st-key-description_board >> .asked",
        "ranking": ".st-key-description_board >> .result",
        "trade_off": ".st-key-zero_shot_trade_off",
        "images": '[class*="st-key-zero_shot_images"]',
    },
}
# What every page has.
EVERYWHERE = {"heading": ".st-key-heading"}
INSIDE = " >> "


def of(page: str) -> dict[str, str]:
    """Return the parts of a page: selectors by name.

    Example:

    >>> of("predict")["run"]
    '.st-key-predict_run'
    """
    return EVERYWHERE | PARTS.get(page, {})


def split(selector: str) -> tuple[str, str]:
    """Return the selector of what stands on the page, and the one inside of it or "".

    Example:

    >>> split(".st-key-teach_board >> .strip"), split(".st-key-doors")
    (('.st-key-teach_board', '.strip'), ('.st-key-doors', ''))
    """
    outer, _, inner = selector.partition(INSIDE)
    return outer, inner
