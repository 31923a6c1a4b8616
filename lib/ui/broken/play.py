"""What is on screen and what was played, in the session and in the link."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from lib.core.broken import claims, faults, game
from lib.core.broken.cases import CASES
from lib.core.broken.faults import FAULTS
from lib.core.broken.game import NOTHING, Game
from lib.ui import state
from lib.ui.link import Link, quoted

PLAY, CATALOGUE = "play", "catalogue"
PARTS = {PLAY: "Play", CATALOGUE: "Catalogue"}
LINK = Link((state.LINK_ROUND, state.LINK_PLAYED, state.LINK_CASE, state.SHOW), state.BROKEN_PART)
# What can be answered -> how the page says it.
ANSWERS = {**{id_: fault.name for id_, fault in FAULTS.items()}, NOTHING: "Nothing is wrong"}
# Rounds are numbered, so that a lecturer can say which one a class plays.
FIRST_ROUND = 1


@dataclass(frozen=True)
class Shown:
    """Everything on the page that a link restores.

    Args:
        game: The round, as far as it was played.
        part: Key of PARTS.
        case: Id of the case that is open in the catalogue; "" for the gallery.
    """

    game: Game
    part: str = PLAY
    case: str = ""


@cache
def cases() -> tuple[str, ...]:
    """Return the ids of the cases of the game and of the catalogue: their effect shows."""
    return claims.in_the_game()


def first() -> Shown:
    """Return what a new reader sees."""
    return Shown(new(FIRST_ROUND))


def new(seed: int) -> Game:
    """Return a round before its first answer; without recorded cases, a round of all cases."""
    return game.new(seed, cases() or CASES)


def signed(points: int) -> str:
    """Return points with their sign.

    Example:

    >>> signed(9), signed(-4), signed(0)
    ('+9', '−4', '0')
    """
    return f"{points:+d}".replace("-", "−") if points else "0"


def right(case: str) -> str:
    """Return the right answer of a case: a key of ANSWERS."""
    return CASES[case].fault or NOTHING


def offered(case: str) -> tuple[str, ...]:
    """Return the answers that a case offers, keys of ANSWERS; look-alikes of it are among them.

    All are faults that such a run can have, so that none is ruled out by its phases alone.
    """
    this = CASES[case]
    settings = vars(this.config)
    possible = [id_ for id_ in FAULTS if faults.refusal(id_, settings) is None]
    alike = {each.fault for each in CASES.values() if each.symptom == this.symptom}
    return game.answers(case, right(case), possible, alike)


# --- The link ---------------------------------------------------------------------------------


def to_link(now: Shown) -> dict[str, str]:
    """Return the parameters of a link to what is on screen.

    A link to the catalogue is the same for everybody: it does not tell what was played.
    """
    if now.part == CATALOGUE:
        return {state.LINK_CASE: now.case} if now.case else {state.SHOW: CATALOGUE}
    played = game.to_text(now.game)
    found = {state.LINK_ROUND: str(now.game.seed)}
    return found | ({state.LINK_PLAYED: played} if played else {})


def from_link(link: Mapping[str, str], before: Shown) -> tuple[Shown, tuple[str, ...]]:
    """Return what a link shows, and a sentence for each part that was ignored.

    Args:
        link: Parameters by name.
        before: What was on screen; a link to the catalogue leaves its round as it is.
    """
    found, ignored = replace(before, part=PLAY, case=""), []
    number = link.get(state.LINK_ROUND)
    if number is not None:
        if number.isascii() and number.isdigit() and len(number) <= len(str(game.MAX_SEED)):
            found = replace(found, game=new(int(number)))
        else:
            ignored.append(f"{quoted(number)} is no number of a round.")
    played = link.get(state.LINK_PLAYED)
    if played is not None:
        restored = game.from_text(new(found.game.seed), played, ANSWERS)
        if restored is None:
            ignored.append(f"{quoted(played)} cannot have been played in this round.")
        else:
            found = replace(found, game=restored)
    if link.get(state.SHOW) == CATALOGUE:
        found = replace(found, part=CATALOGUE)
    case = link.get(state.LINK_CASE)
    if case is not None:
        found = replace(found, part=CATALOGUE)
        if case in cases():
            found = replace(found, case=case)
        else:
            ignored.append(f"{quoted(case)} is no case of the catalogue.")
    return found, tuple(ignored)


# --- The session ------------------------------------------------------------------------------


def read() -> Shown:
    """Return what is on screen."""
    held = state.read(state.BROKEN)
    return held if isinstance(held, Shown) else first()


def write(now: Shown) -> None:
    """Show something else: in callbacks."""
    state.choose(state.BROKEN, now)
    state.choose(state.BROKEN_PART, now.part)


def open_case(case: str = "") -> None:
    """Show a case of the catalogue, or its gallery: in callbacks.

    The page links to itself by callbacks, because the browser would keep the address of before.
    """
    write(replace(read(), part=CATALOGUE, case=case))


def open_page() -> tuple[str, ...]:
    """Take what a new link shows, and return a sentence for each part that was ignored."""
    said = LINK.unseen(read())
    if said is None:
        return ()
    found, ignored = from_link(said, read())
    write(found)
    return ignored


def share() -> None:
    """Make the address of the page a link to what is on screen."""
    now = read()
    LINK.share(now, to_link(now), is_first=now == first())
