"""The lessons that ship, in the order of the course, and how a lesson is found by its id."""

from functools import cache
from pathlib import Path

from lib.core import lessons as folder
from lib.core.lessons import schema
from lib.core.lessons.schema import Lesson, PageWords
from lib.ui.lessons import parts
from lib.ui.pages import PAGES

SHIPPED = Path(folder.__file__).parent / "shipped"
# In the order of the course.
COURSE = (
    *("tour", "freeze_and_count", "what_layers_know", "global_average_pooling"),
    *("head_first_then_thaw", "batch_normalization_trap", "which_strategy", "reading_curves"),
)


def words() -> dict[str, PageWords]:
    """Return what a step may say of each page."""
    return {name: PageWords(page.parameters, tuple(parts.of(name))) for name, page in PAGES.items()}


@cache
def shipped() -> dict[str, Lesson]:
    """Return the lessons that ship, by their ids.

    Raises:
        LessonError: One of them has not the format.
    """
    files = {id_: SHIPPED / f"{id_}.toml" for id_ in COURSE}
    return {
        id_: schema.read(path.read_text("utf-8"), path.name, words()) for id_, path in files.items()
    }


def find(id_: str) -> Lesson | None:
    """Return a lesson; None if no lesson has this id."""
    return shipped().get(id_)
