"""Lessons: the course in steps, for one reader or for a projector."""

from lib.ui import shell
from lib.ui.lessons import course, own

shell.page("lessons")

# --- The lessons that ship, in the order of the course ----------------------
course.show()

# --- One of your own --------------------------------------------------------
own.show()
