"""The pages of the app: the registry that is navigation, vocabulary of links and list for tests."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from lib.ui import glossary, state


@dataclass(frozen=True)
class PageSpec:
    """A page.

    Args:
        path: File, relative to the root of the project.
        title: Title in the navigation and in the heading.
        subtitle: The main idea of the page, in one sentence.
        icon: Material icon, for links to the page. Streamlit has the font of these icons; for the
            icon of a tab it would have each browser ask a host outside.
        parameters: The link parameters that this page reads.
        listed: False for a page that a link or a code leads to, and not the navigation.
        group: Key of GROUPS; empty for a page that stands before all groups.
    """

    path: str
    title: str
    subtitle: str
    icon: str
    parameters: tuple[str, ...] = ()
    listed: bool = True
    group: str = ""

    @property
    def address(self) -> str:
        """The path of its address, without a slash; empty for Home."""
        return "" if self.path == "app.py" else PurePosixPath(self.path).stem


# The groups of the navigation, in its order.
GROUPS = {
    "understand": "Understand",
    "decide": "Decide and train",
    "use": "Use",
}

# In the order of the lessons.
PAGES: dict[str, PageSpec] = {
    "home": PageSpec(
        "app.py",
        "Thaw",
        "Teach a network that has seen a million photographs something new.",
        ":material/home:",
    ),
    "lessons": PageSpec(
        "pages/lessons.py",
        "Lessons",
        "Eight lessons of about ten minutes, for one reader or for a room.",
        ":material/school:",
        (state.LESSON_FINISHED,),
    ),
    "data": PageSpec(
        "pages/data.py",
        "Data",
        "See what goes into a run before it starts, and how to use your own images.",
        ":material/photo_library:",
        state.DATA_PARAMETERS,
        group="decide",
    ),
    "features": PageSpec(
        "pages/features.py",
        "Features",
        "See what each depth of a network has learned to find, from edges to things.",
        ":material/texture:",
        state.LINK_FEATURES,
        group="understand",
    ),
    "model_summary": PageSpec(
        "pages/model_summary.py",
        "Model summary",
        f"Drag the ball to {glossary.term('thaw')} layers of a {glossary.term('pretrained')} "
        f"{glossary.term('backbone')}, and see which {glossary.term('parameter', 'parameters')} "
        "become trainable.",
        ":material/layers:",
        (*state.LINK, state.LINK_WIDTH),
        group="understand",
    ),
    "trainable": PageSpec(
        "pages/trainable.py",
        "Trainable",
        "Press the switch, and see which weights would learn. Then predict what one training "
        f"{glossary.term('step')} changes.",
        ":material/toggle_on:",
        state.LINK_TRAINABLE,
        group="understand",
    ),
    "global_average_pooling": PageSpec(
        "pages/global_average_pooling.py",
        "Global average pooling",
        f"Paint a cell, and see how a stack of {glossary.term('feature_map', 'feature maps')} "
        "becomes a short vector, and the vector a decision.",
        ":material/grid_view:",
        state.LINK_POOLING,
        group="understand",
    ),
    "strategy": PageSpec(
        "pages/strategy.py",
        "Strategy",
        "How much of the network should learn?",
        ":material/signpost:",
        (*state.LINK_SITUATION, state.TRIED, state.LINK_QUESTION),
        group="decide",
    ),
    "training_lab": PageSpec(
        "pages/training_lab.py",
        "Training lab",
        "Train for a minute on real images. Top layers trains the head first, then "
        f"{glossary.term('fine_tuning', 'fine-tunes')}, so that you see both.",
        ":material/science:",
        (state.RUN, state.LINK_EPOCH, *state.LAB_PARAMETERS),
        group="decide",
    ),
    "learning_curves": PageSpec(
        "pages/learning_curves.py",
        "Learning curves",
        "Choose an example, and see what its curves show and how certain that is.",
        ":material/show_chart:",
        state.CURVES_LINK,
        group="decide",
    ),
    "broken": PageSpec(
        "pages/broken.py",
        "Broken on purpose",
        "Real runs. Each has one fault, or none.",
        ":material/troubleshoot:",
        state.LINK_BROKEN,
        group="decide",
    ),
    "predict": PageSpec(
        "pages/predict.py",
        "Predict",
        "One image, before and after training: what each network predicts, and where it looked.",
        ":material/image_search:",
        (state.RUN, state.SHOW, state.LINK_IMAGE),
        group="use",
    ),
    "zero_shot": PageSpec(
        "pages/zero_shot.py",
        "Zero-shot",
        "Recognise a class without one training image of it: stripes and a horse make a zebra.",
        ":material/image_not_supported:",
        state.LINK_DESCRIPTION,
        group="use",
    ),
    "vote": PageSpec(
        "pages/vote.py",
        "Vote",
        "Answer the question on the projector.",
        ":material/how_to_vote:",
        (state.LINK_ROOM,),
        listed=False,
    ),
}
