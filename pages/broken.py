"""Broken on purpose: real runs, each with one fault or none, to be diagnosed."""

from lib.core import intervals
from lib.core.broken import game
from lib.ui import link, shell, widgets
from lib.ui.broken import board, play

shell.page("broken")
link.warn(play.open_page())

# --- The game, or the catalogue ---------------------------------------------
board.show()

# --- Why --------------------------------------------------------------------
widgets.show_source(game.Turn.points, intervals.crossed_interval)
