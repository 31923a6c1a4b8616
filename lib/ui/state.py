"""All keys of the session and of the link, and typed functions to read them.

Widgets store their values under these keys; only this module writes `st.session_state`.

Long because it names every key of the app once.
"""

import time
from collections.abc import Collection, Mapping

import streamlit as st

from lib.core.config import SETTINGS
from lib.core.lessons import schema
from lib.core.settings import Group

# Choices that all pages share. The key of a run's setting is the name of its field.
BACKBONE = "backbone"
IMAGE_SIZE = "image_size"
DATASET = "dataset"
STRATEGY = "strategy"
THAW_FROM = "thaw_from"
BATCH_NORM = "batch_norm"
DROPOUT = "dropout"
POOLING = "pooling"
HIDDEN_UNITS = "hidden_units"
SHARED = (BACKBONE, DATASET, STRATEGY, THAW_FROM, BATCH_NORM, DROPOUT, POOLING, HIDDEN_UNITS)
PAGE = "page_on_screen"
# Home: the first lesson, and the reader's own run of it.
TEACH_BOARD = "teach_board"
TAUGHT = "taught"
TAUGHT_RUN = "taught_run"
TAUGHT_PROBLEM = "taught_problem"
# Training lab.
NUM_IMAGES = "num_images"
# A run from scratch has one phase, as long as the two of another run together.
EPOCHS_FROM_SCRATCH = "epochs_from_scratch"
THEN_THAW_FROM = "then_thaw_from"
START = "start_run"
CANCEL = "cancel_run"
OPENED_RUN = "opened_run"
SHOW_IT = "show_it_an_image"
RUN_AGAIN = "run_again_live"
# The run that this reader started last, and when: it is drawn from its first epoch.
STARTED = "started_run"
# The figure, which stays on the page when another run comes.
LAB_CURVES = "lab_curves"
TRAINING_IMAGES = "training_images"
TRAINING_IMAGES_QUESTION = "training_images_asked_for"
LAB_LINK = "lab_settings_in_link"
LAB_SHOWN = "lab_settings_shown"
# Parameter of the link -> setting of a run. The dataset has the name that it has on every page.
# A link never breaks a run: the fault, which is not in the form, is not in the link either.
LAB_PARAMETERS: dict[str, str] = {
    "data" if name == DATASET else name: name
    for name, setting in SETTINGS.items()
    if setting.is_asked_for and setting.group is not Group.COMMAND_LINE
}
# Model summary. Layers set by hand are kept only while the choices they were made with stay the
# same (lib/ui/network/plan.py).
NUM_CLASSES = "num_classes"
LOGIT_PER_CLASS = "logit_per_class"
BY_HAND = "layers_by_hand"
LAYER_STRIP = "layer_strip"
GESTURE = "last_gesture"
LINK_BACKBONE = "backbone"
LINK_SIZE = "size"
LINK_THAW = "thaw"
LINK_BATCH_NORM = "bn"
LINK_BY_HAND = "hand"
LINK_HEAD = "head"
# Only the browser reads it: what the width of a layer shows.
LINK_WIDTH = "width"
LINK = (LINK_BACKBONE, LINK_SIZE, LINK_THAW, LINK_BATCH_NORM, LINK_BY_HAND, LINK_HEAD)
# Features. One object holds all choices but the dataset (lib/ui/features/choices.py).
FEATURES = "features_choices"
FEATURES_OPENED = "features_opened"
FEATURES_IMAGE = "features_image"
FEATURES_DIGEST = "features_own_digest"
FEATURES_OWN = "features_own"
FEATURES_LOOK = "features_look"
FEATURES_CHANNEL = "features_channel"
FEATURES_MEASURE = "features_measure"
FEATURES_SAID = "features_said"
FEATURES_RUN = "features_run"
FEATURES_TUNED = "features_before_after"
FEATURE_DEPTHS = "feature_depths"
IMAGE_MAP = "image_map"
LINK_IMAGE = "image"
LINK_DEPTH = "depth"
LINK_CHANNEL = "channel"
LINK_PROJECTION = "by"
# Trainable. One object holds all choices (lib/ui/trainable/choices.py).
TRAINABLE = "trainable_choices"
LAYER_GLASS = "layer_glass"
LAYER_GLASS_GESTURE = "layer_glass_gesture"
STEP_TABLE = "step_table"
STEP_TABLE_GESTURE = "step_table_gesture"
ONE_STEP = "one_step"
EXPERIMENT = "experiment"
RESIDUAL_BLOCK = "residual_block"
TRAP = "trap"
TRAP_ANSWER = "trap_answer"
LINK_LAYER = "layer"
LINK_SIZES = "sizes"
LINK_SWITCH = "trainable"
LINK_STEP = "table"
# What links of earlier versions called it; a lesson has a step now.
LINK_STEP_BEFORE = "step"
LINK_CELLS = "cells"
LINK_TRAP = "trap"
LINK_ANSWERS = "answers"
LINK_TRAINABLE = (
    LINK_LAYER,
    LINK_SIZES,
    LINK_SWITCH,
    LINK_STEP,
    LINK_CELLS,
    LINK_TRAP,
    LINK_ANSWERS,
)
# Global average pooling.
POOLING_BOARD = "pooling_board"
BOARD = "board_by_hand"
CHANNELS_KEPT = "channels_kept"
LINE_DATASET = "line_dataset"
MAPS = "feature_maps"
MAPS_DECISION = "feature_maps_decision"
MAPS_EXAMPLE = "feature_maps_example"
MAPS_SIZE = "feature_maps_size"
MAPS_CHANNEL = "feature_maps_channel"
MAPS_HEAD = "feature_maps_head"
MAPS_FIRST = "feature_maps_first_class"
MAPS_SECOND = "feature_maps_second_class"
MAPS_CLASSES_OF = "feature_maps_classes_of"
MAPS_OWN = "feature_maps_own_image"
MAPS_OWN_WIDGETS = "feature_maps_own"
HEAD_MEASURE = "head_measure"
MAPS_SEE = "feature_maps_see"
LINK_BOARD = "board"
LINK_SEE = "see"
LINK_IMAGE = "image"
LINK_PIXELS = "pixels"
LINK_CHANNEL = "channel"
LINK_CLASSIFIER = "classifier"
LINK_MAPS = (LINK_SEE, LINK_IMAGE, LINK_PIXELS, LINK_CHANNEL, LINK_CLASSIFIER)
# The questions below the maps. They are bound to the link, so their keys are its parameters.
ASK_SAVES = "saves"
ASK_FLATTEN = "flatten"
ASK_ACCURACY = "accuracy"
ASK_WHY = "why"
LINK_POOLING = (LINK_BOARD, *LINK_MAPS, ASK_SAVES, ASK_FLATTEN, ASK_ACCURACY, ASK_WHY)
# Predict.
PREDICT_IMAGE = "predict_image"
PREDICT_RUN = "predict_run"
PREDICT_RUN_FIRST = "predict_run_first"
PREDICT_LINK = "predict_opened_link"
PREDICT_LINK_IMAGE = "predict_opened_image"
PREDICT_FINE_TUNING = "predict_fine_tuning"
LINK_IMAGE = "image"
PREDICT_OWN = "predict_own"
PREDICT_DIGEST = "predict_own_digest"
PREDICT_PICKER = "predict_picker"
PREDICT_IMAGENET = "predict_imagenet"
PREDICT_ANSWER = "predict_answer"
PREPARE_FOLDER = "prepare_folder"
PREPARE_MODEL = "prepare_model"
# Strategy. The reader's own answers belong to one dataset (lib/ui/strategy/answers.py).
SITUATION = "situation"
SITUATION_GESTURE = "last_situation_gesture"
STRATEGY_BOARD = "strategy_board"
STRATEGY_MEASURE = "strategy_measure"
STRATEGY_QUESTION = "strategy_question"
STRATEGY_QUESTION_OPENED = "strategy_question_opened"
SIMILARITY = "similarity"
SIMILARITY_DEPTHS = "similarity_depths"
SIMILARITY_MEASURE = "similarity_measure"
SIMILARITY_TAKE = "similarity_take"
STRATEGY_RUN = "strategy_run"
STRATEGY_SET_UP = "strategy_set_up"
STRATEGY_MODEL = "strategy_see_in_model"
STRATEGY_COMPARE = "strategy_compare"
STRATEGY_SCRATCH = "strategy_from_scratch_too"
STRATEGY_TRY = "strategy_try"
STRATEGY_FORECAST = "strategy_forecast"
STRATEGY_PUT_AWAY = "strategy_put_away"
STRATEGY_CANCEL = "strategy_cancel_all"
STRATEGY_PROBLEM = "strategy_problem"
# The run that came last from a recommendation: other pages choose it first.
RECOMMENDED_RUN = "recommended_run"
LINK_QUESTION = "ask"
LINK_DATASET = "data"
LINK_IMAGES = "images"
LINK_CLASSES = "classes"
LINK_SIMILAR = "similar"
LINK_MINUTES = "minutes"
LINK_PHONE = "phone"
LINK_NOISY = "noisy"
LINK_SITUATION = (
    LINK_DATASET,
    LINK_BACKBONE,
    LINK_IMAGES,
    LINK_CLASSES,
    LINK_SIMILAR,
    LINK_MINUTES,
    LINK_PHONE,
    LINK_NOISY,
)
TRIED = "tried"
LINK_FEATURES = (LINK_IMAGE, LINK_DEPTH, LINK_CHANNEL, LINK_DATASET, LINK_PROJECTION)
# In the link only: `?run=<run_id>` opens a run, and other programs rely on it.
RUN = "run"
# In the link: the section or the tab that is open, on Data and on Predict.
SHOW = "show"
# In the link of any page: the step of a lesson, for a projector, which parts to hide, and the notes
# of the lecturer (lib/core/lessons/schema.py).
LESSON, LESSON_STEP, PRESENT, HIDE, NOTES = schema.GUIDE_PARAMETERS
LESSON_FINISHED = schema.FINISHED
TAKE_HOME = "take_home"
# The panel that makes links which hide parts of a page.
HIDE_PANEL = "hide_panel"
HIDE_PARTS = "hide_parts"
HIDE_LARGE = "hide_large"

# Broken on purpose. One value holds what was played; the link has it too (lib/ui/broken/play.py).
BROKEN = "broken_game"
BROKEN_PART = "broken_part"
BROKEN_HEADING = "broken_heading"
BROKEN_ANSWER = "broken_answer"
BROKEN_NAME = "broken_name_fault"
BROKEN_ASKED = "broken_asked"
BROKEN_SHOWN = "broken_shown_evidence"
BROKEN_EVIDENCE = "broken_evidence"
BROKEN_NEXT = "broken_next"
BROKEN_NEW = "broken_new_round"
BROKEN_FOCUS = "broken_focus"
BROKEN_CURVES = "broken_curves"
BROKEN_CASE = "broken_case"
BROKEN_CARDS = "broken_cards"
BROKEN_ORDER = "cases_by"
LINK_ROUND = "round"
LINK_PLAYED = "played"
LINK_CASE = "case"
LINK_BROKEN = (LINK_ROUND, LINK_PLAYED, LINK_CASE, SHOW, BROKEN_ORDER)
# Training lab: the fault that a reader trains on purpose.
BREAK = "break_it"
BREAK_FAULT = "break_fault"
BREAK_START = "break_start"
BREAK_PROBLEM = "break_problem"

# Data. The key of a widget that is bound to the link is the name of its parameter.
SECTION = "data_section"
DATA_LABELS = "data_labels"
DATA_LINK = "data_opened_link"
SPLIT_IMAGES = "split_images"
SPLIT_SEED = "split_seed"
SPLIT_DOTS = "split_dots"
LEAK_BUFFER = "leak_buffer"
LEAK_FIGURE = "leak_figure"
LEAK_DOTS = "leak_dots"
LOOK = "look_at_data"
PIPELINE = "pipeline"
PIPELINE_IMAGE = "pipeline_image"
PIPELINE_PICKER = "pipeline_picker"
PIPELINE_STORED = "pipeline_stored"
PIPELINE_WAYS = "pipeline_ways"
PIPELINE_DRAWS = "pipeline_draws"
PIPELINE_NUMBER = "pipeline_number"
PIPELINE_SEED = "draws"
PIPELINE_TWICE = "twice"
TWICE = "preprocessed_twice"
DATA_PARAMETERS = (LINK_DATASET, SHOW, SPLIT_SEED, PIPELINE_SEED)

# Learning curves. The key of a widget that is bound to the link is the name of its parameter.
RUNS = "runs"
AXIS = "axis"
SMOOTHING = "smooth"
LOG_LOSS = "log"
SMALL_MULTIPLES = "small"
ALIGNED = "align"
OVER_SEEDS = "seeds"
# The finding that is open, and the test images beside the confusion matrix.
LINK_FINDING = "finding"
LINK_SHOWN_IMAGES = "shown"
MORE_EVALUATION = "scores"
MARK_FINDING = "mark"
# Filters of the list of runs.
FIND_DATASET = "find_data"
FIND_STRATEGY = "find_strategy"
FIND_SHOWS = "find_shows"
FIND_WHOSE = "find_whose"
EVERY_FINDING = "findings"
# Only the browser reads it: up to which epoch a replay has drawn.
LINK_EPOCH = "epoch"
LINK_MATRIX = "matrix"
CURVES_LINK = (
    RUN,
    RUNS,
    AXIS,
    SMOOTHING,
    LOG_LOSS,
    SMALL_MULTIPLES,
    ALIGNED,
    OVER_SEEDS,
    LINK_FINDING,
    LINK_SHOWN_IMAGES,
    MORE_EVALUATION,
    MARK_FINDING,
    FIND_DATASET,
    FIND_STRATEGY,
    FIND_SHOWS,
    FIND_WHOSE,
    EVERY_FINDING,
    LINK_EPOCH,
    LINK_MATRIX,
)
CHOSEN_RUNS = "chosen_runs"
OPENED_CURVES = "opened_curves"
CURVES = "curves_figure"
FIGURE_BAR = "figure_bar"
FINDING = "finding"
QUEUE = "queue_suggestion"
QUEUE_PROBLEM = "queue_problem"
SHOWN_IMAGES = "shown_test_images"
CONFUSION = "confusion_matrix"
CONFUSION_CLASSES = "confusion_classes"
RUN_NAME = "run_name"
RUN_NOTE = "run_note"
SAVE_RUN = "save_run"
EXPORT_RUN = "export_run"
DELETE_RUN = "delete_run"
DELETE_SURELY = "delete_run_surely"
IMPORT_RUN = "import_run"
STORE_PROBLEM = "store_problem"
COMPARE_WITH = "compare_with"
GALLERY = "gallery_of_runs"
# Zero-shot: what the reader ticked (lib/ui/zero_shot/description.py).
DESCRIPTION = "description"
DESCRIPTION_BOARD = "description_board"
DESCRIPTION_GESTURE = "last_description_gesture"
DESCRIPTION_OWN = "description_own"
DESCRIPTION_IMAGE = "description_own_image"
FEW_SHOT = "few_shot"
FEW_SHOT_DRAW = "few_shot_draw"
LINK_LEFT_OUT = "out"
LINK_TICKS = "has"
LINK_AGAINST = "against"
LINK_CONSTANT = "off"
LINK_DESCRIPTION = (LINK_LEFT_OUT, LINK_TICKS, LINK_AGAINST, LINK_CONSTANT)
SHARE_RUN = "share_run"
LECTURER_KEY = "lecturer_key"
# The reader and their own images.
READER = "reader_key"
READER_COOKIE = "reader_cookie"
OWN_WAY = "own_images_way"
OWN_ROUND = "own_images_round"
OWN_ZIP = "own_images_zip"
OWN_NUM_CLASSES = "own_images_num_classes"
OWN_CLASS = "own_images_class"
OWN_FILES = "own_images_files"
OWN_SHOTS = "own_images_shots"
OWN_CAMERA = "own_images_camera"
OWN_NUM_TAKEN = "own_images_taken"
OWN_MAKING = "own_images_making"
OWN_MADE = "own_images_made"
OWN_STRATEGY = "own_images_strategy"
OWN_ENCODING = "own_images_encoding"
OWN_PARTS = "own_images_parts"
OWN_PROBLEM = "own_images_problem"
OWN_SHARE = "own_images_share"
OWN_DELETE = "own_images_delete"
# A room that votes. The code of the room is in the link.
LINK_ROOM = "room"
VOTER = "vote_voter"
VOTE_FORM = "vote_form"
VOTE_CODE = "vote_code"
VOTE_ENTER = "vote_enter"
VOTE_PROBLEM = "vote_problem"
VOTE_ANSWER = "vote_answer"
VOTE_ANSWER_PROBLEM = "vote_problem_of_answer"
VOTE_BOARD = "vote_board"
VOTE_ASK = "vote_ask"
VOTE_ASK_PROBLEM = "vote_problem_of_host"
VOTE_REVEAL = "vote_reveal"
VOTE_CLOSE = "vote_close"
VOTE_BARS = "vote_bars"
VOTE_SHOW = "vote_show"
VOTE_SHOW_PAGE = "vote_show_page"
# The question whose vote is put away, so that the page is seen.
VOTE_AWAY = "vote_away"
# Data: the catalogue.
CATALOGUE_FILTER = "catalogue_filter"

# Lessons: a lecturer's own one, its parts by field, and what the browser keeps.
OWN_LESSON = "own_lesson"
OWN_LESSON_GONE = "own_lesson_gone"
OWN_LESSON_PROBLEM = "own_lesson_problem"
OWN_LESSON_STORE = "own_lesson_store"
OWN_LESSON_FILE = "own_lesson_file"
OWN_LESSON_PANEL = "own_lesson_panel"
OWN_STEP = "own_step"
OWN_STEP_ADD = "own_step_add"
OWN_STEP_EDITED = "own_step_edited"


# Key of a widget -> the default that it follows, and when that last changed it.
DEFAULTS = "followed_defaults"
# The browser of a slow connection knows by then what the server has set.
UNDER_WAY_S = 10.0


def choose(key: str, value: object) -> None:
    """Set a widget from a callback, before it is drawn."""
    st.session_state[key] = value
    # What was set does not follow a default any more.
    _defaults().pop(key, None)


def _defaults() -> dict[str, tuple[object, float]]:
    defaults: dict[str, tuple[object, float]] = st.session_state.setdefault(DEFAULTS, {})
    return defaults


def enter(page: str) -> None:
    """Keep the shared choices when the page changes, because its widgets are other ones."""
    if st.session_state.get(PAGE) != page:
        st.session_state[PAGE] = page
        # What was set on other pages is no gesture in the lab: its link counts.
        st.session_state.pop(LAB_SHOWN, None)
        for key in SHARED:
            if key in st.session_state:
                st.session_state[key] = st.session_state[key]


def start_with(key: str, value: object) -> None:
    """Set the initial value of a widget, unless a link or another page has set one."""
    st.session_state.setdefault(key, value)


def follow(key: str, default: object) -> None:
    """Set the initial value of a widget; if that changes, an untouched widget follows it."""
    session, defaults = st.session_state, _defaults()
    before, changed = defaults.get(key, (None, -UNDER_WAY_S))
    if key not in session:
        session[key] = default
    elif key in defaults and session[key] == before:
        if before != default:
            session[key], changed = default, time.monotonic()
    elif time.monotonic() - changed < UNDER_WAY_S:
        # Touched before the browser knew the default that the widget followed. The browser shows
        # that default, which came later, and would send it with the next gesture.
        session[key], changed = session[key], -UNDER_WAY_S
    defaults[key] = default, changed


def read(key: str, default: object = None) -> object:
    """Return the value of a key; for callbacks, which do not get the widget's value."""
    return st.session_state.get(key, default)


def values() -> list[tuple[str, object]]:
    """Return all keys with their values."""
    return [(str(key), value) for key, value in st.session_state.items()]


def take(key: str) -> object:
    """Return the value of a key and forget it; None if there is none."""
    return st.session_state.pop(key, None)


def keep_within(key: str, options: Collection[object]) -> None:
    """Drop a choice that is no longer among the options, so that the default applies."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def keep_list_within(key: str, options: Collection[object]) -> None:
    """Drop those of several choices that are no longer among the options."""
    chosen = st.session_state.get(key)
    if isinstance(chosen, list) and not set(chosen) <= set(options):
        st.session_state[key] = [each for each in chosen if each in options]


def show_again(key: str, labels: Mapping[str, str]) -> None:
    """Send a choice to the browser again if labels have changed: it knows options by their labels.

    Args:
        key: Key of the list, before it is drawn.
        labels: The label of each option.
    """
    before = f"{key}_labels"
    if key in st.session_state and st.session_state.get(before, labels) != labels:
        st.session_state[key] = st.session_state[key]
    st.session_state[before] = labels


def session_id() -> str:
    """Return the id of this browser tab's session, by which runs are queued fairly."""
    key = "session_id"
    if key not in st.session_state:
        import uuid

        st.session_state[key] = uuid.uuid4().hex
    return str(st.session_state[key])
