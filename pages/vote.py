"""Vote: answer the question on the projector from a phone."""

from lib.ui import shell
from lib.ui.vote import phone

shell.page("vote")

# --- Controls and result ----------------------------------------------------
phone.show()
