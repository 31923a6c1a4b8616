"""All keys of the session and of the link, and typed functions to read them.

Widgets store their values under these keys; only this module writes `st.session_state`.
"""

from collections.abc import Collection

import streamlit as st

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
# Training lab.
NUM_IMAGES = "num_images"
# A run from scratch has one phase, as long as the two of another run together.
EPOCHS_FROM_SCRATCH = "epochs_from_scratch"
THEN_THAW_FROM = "then_thaw_from"
START = "start_run"
CANCEL = "cancel_run"
OPENED_RUN = "opened_run"
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
LINK = (LINK_BACKBONE, LINK_SIZE, LINK_THAW, LINK_BATCH_NORM, LINK_BY_HAND, LINK_HEAD)
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
# Predict.
PREDICT_IMAGE = "predict_image"
PREDICT_RUN = "predict_run"
PREDICT_LINK = "predict_opened_link"
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
SIMILARITY = "similarity"
SIMILARITY_MEASURE = "similarity_measure"
SIMILARITY_TAKE = "similarity_take"
STRATEGY_SET_UP = "strategy_set_up"
STRATEGY_MODEL = "strategy_see_in_model"
STRATEGY_RUN_ALL = "strategy_run_all"
STRATEGY_PUT_AWAY = "strategy_put_away"
STRATEGY_CANCEL = "strategy_cancel_all"
STRATEGY_PROBLEM = "strategy_problem"
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
# In the link only: `?run=<run_id>` opens a run, and other programs rely on it.
RUN = "run"

# Data. The key of a widget that is bound to the link is the name of its parameter.
SHOW = "show"
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
CURVES_LINK = (RUN, RUNS, AXIS, SMOOTHING, LOG_LOSS, SMALL_MULTIPLES, ALIGNED, OVER_SEEDS)
CHOSEN_RUNS = "chosen_runs"
OPENED_CURVES = "opened_curves"
CURVES = "curves_figure"
FIGURE_BAR = "figure_bar"
FINDING = "finding"
MARK_FINDING = "mark_finding"
QUEUE = "queue_suggestion"
QUEUE_PROBLEM = "queue_problem"
SHOWN_IMAGES = "shown_test_images"
CONFUSION = "confusion_matrix"
CONFUSION_CLASSES = "confusion_classes"
MORE_EVALUATION = "more_evaluation"
RUN_NAME = "run_name"
RUN_NOTE = "run_note"
SAVE_RUN = "save_run"
EXPORT_RUN = "export_run"
DELETE_RUN = "delete_run"
DELETE_SURELY = "delete_run_surely"
IMPORT_RUN = "import_run"
STORE_PROBLEM = "store_problem"
COMPARE_WITH = "compare_with"
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
OWN_ENCODING = "own_images_encoding"
OWN_PARTS = "own_images_parts"
OWN_PROBLEM = "own_images_problem"
OWN_SHARE = "own_images_share"
OWN_DELETE = "own_images_delete"
# Data: the catalogue.
CATALOGUE_FILTER = "catalogue_filter"


def choose(key: str, value: object) -> None:
    """Set a widget from a callback, before it is drawn."""
    st.session_state[key] = value


def enter(page: str) -> None:
    """Keep the shared choices when the page changes, because its widgets are other ones."""
    if st.session_state.get(PAGE) != page:
        st.session_state[PAGE] = page
        for key in SHARED:
            if key in st.session_state:
                st.session_state[key] = st.session_state[key]


def start_with(key: str, value: object) -> None:
    """Set the initial value of a widget, unless a link or another page has set one."""
    st.session_state.setdefault(key, value)


def read(key: str, default: object = None) -> object:
    """Return the value of a key; for callbacks, which do not get the widget's value."""
    return st.session_state.get(key, default)


def keep_within(key: str, options: Collection[object]) -> None:
    """Drop a choice that is no longer among the options, so that the default applies."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def keep_list_within(key: str, options: Collection[object]) -> None:
    """Drop those of several choices that are no longer among the options."""
    chosen = st.session_state.get(key)
    if isinstance(chosen, list) and not set(chosen) <= set(options):
        st.session_state[key] = [each for each in chosen if each in options]


def session_id() -> str:
    """Return the id of this browser tab's session, by which runs are queued fairly."""
    key = "session_id"
    if key not in st.session_state:
        import uuid

        st.session_state[key] = uuid.uuid4().hex
    return str(st.session_state[key])
