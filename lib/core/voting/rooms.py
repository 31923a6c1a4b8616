"""The rooms of one server: in memory only, bounded, and safe to use from many threads.

A room has a code of four letters, by which participants enter, and a key, by which its host asks,
reveals and closes. What a participant sees has neither counts nor the right answer in it before
the host reveals them.
"""

import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lib.core.errors import VoteError
from lib.core.voting.ballot import LETTERS, Ballot, Board, Question
from lib.core.voting.tries import Tries

# No vowels, so that no code is a word; and no letter that looks like another one or like a digit.
ALPHABET = "BCDFGHJKMNPRSTVWXYZ"
CODE_LENGTH = 4
KEY_BYTES = 32
# A room ends so long after its last question, reveal or answer, and so long after it was opened.
IDLE_S, LIFE_S = 3_600.0, 6 * 3_600.0
# Codes of rooms that have ended: phones that still ask for one of them try out nothing.
MAX_ENDED = 200
# More than fit on a phone; lessons have two to five.
MAX_ANSWERS = len(LETTERS)


@dataclass
class _Room:
    code: str
    key: str
    host: str
    address: str
    opened: float
    used: float
    question: Question | None = None
    number: int = 0
    revealed: bool = False
    inside: set[str] = field(default_factory=set)
    answers: dict[str, int] = field(default_factory=dict)

    def counts(self) -> tuple[int, ...]:
        places = range(1, 1 + len(self.question.answers)) if self.question else ()
        given = list(self.answers.values())
        return tuple(given.count(place) for place in places)


class Rooms:
    """All rooms of a server.

    Args:
        max_rooms: Open at the same time; one address may have half of them.
        max_voters: Browsers in one room.
        on_change: Called with the code of a room whenever participants or the host see something
            new of it, and with True if that concerns the participants; in any thread.
        clock: Seconds.
    """

    def __init__(
        self,
        max_rooms: int,
        max_voters: int,
        on_change: Callable[[str, bool], None] = lambda code, for_all: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_rooms, self._max_voters = max_rooms, max_voters
        self._on_change, self._clock = on_change, clock
        self._lock = threading.Lock()
        self._rooms: dict[str, _Room] = {}
        self._ended: deque[str] = deque(maxlen=MAX_ENDED)
        self._tries = Tries(clock)

    # --- The host -------------------------------------------------------------------------------

    def open(self, host: str, address: str = "") -> str:
        """Open a room, or find the one that this host has.

        Args:
            host: Hash of the key of the reader who opens it.
            address: Of their machine; "" where it says nothing, as for this machine itself.

        Returns:
            The key of the room, which nobody else may learn.

        Raises:
            VoteError: If there is no room for another one.
        """
        with self._lock:
            if key := self._key_of(host):
                return key
            from_there = sum(bool(address) and r.address == address for r in self._rooms.values())
            if len(self._rooms) >= self._max_rooms or from_there >= max(1, self._max_rooms // 2):
                raise VoteError(
                    f"{len(self._rooms)} rooms vote on this server, and no more can be opened.",
                    "Close one of them, or wait: a room that nobody uses ends after an hour.",
                )
            now, code = self._clock(), self._new_code()
            room = _Room(code, secrets.token_urlsafe(KEY_BYTES), host, address, now, now)
            self._rooms[code] = room
            return room.key

    def key_of(self, host: str) -> str:
        """The key of the room that a reader has opened; "" where they have none."""
        with self._lock:
            return self._key_of(host)

    def ask(self, key: str, question: Question) -> None:
        """Ask the room; the answers to the question before are forgotten.

        Raises:
            VoteError: If the key opens no room, or the question has too few or too many answers.
        """
        if not 2 <= len(question.answers) <= MAX_ANSWERS:
            raise VoteError(
                f"This question has {len(question.answers)} answers.",
                f"A room can vote on 2 to {MAX_ANSWERS}.",
            )
        with self._lock:
            room = self._of_host(key)
            room.question, room.number, room.revealed = question, room.number + 1, False
            room.answers.clear()
            room.used = self._clock()
        self._on_change(room.code, True)

    def reveal(self, key: str) -> None:
        """Show all answers and the right one to everybody; from now on nobody can answer.

        Raises:
            VoteError: If the key opens no room.
        """
        with self._lock:
            room = self._of_host(key)
            room.revealed, room.used = True, self._clock()
        self._on_change(room.code, True)

    def close(self, key: str) -> None:
        """End a room, with everything that was answered in it.

        Raises:
            VoteError: If the key opens no room.
        """
        with self._lock:
            room = self._of_host(key)
            self._end(room)
        self._on_change(room.code, True)

    def board(self, key: str) -> Board | None:
        """What the host sees; None if the key opens no room."""
        with self._lock:
            try:
                room = self._of_host(key)
            except VoteError:
                return None
            return Board(room.code, room.question, room.counts(), room.revealed, len(room.inside))

    # --- Participants ---------------------------------------------------------------------------

    def enter(self, code: str, voter: str, address: str = "") -> str:
        """Enter a room.

        Args:
            code: As it was typed.
            voter: Hash of the key of the reader.
            address: Of their machine; "" where it says nothing.

        Returns:
            The code of the room, as it is written.

        Raises:
            VoteError: If there is no such room, it is full, or too many codes were tried.
        """
        wanted = "".join(code.split()).upper()
        with self._lock:
            self._tidy()
            room = self._rooms.get(wanted)
            if room and voter in room.inside:
                return room.code
            if wanted in self._ended:
                raise _ended()
            self._tries.check(voter, address)
            if room is None:
                self._tries.count(voter, address)
                raise VoteError(
                    "There is no room with this code.",
                    "Type the four letters that are on the projector.",
                )
            if len(room.inside) >= self._max_voters:
                raise VoteError(
                    f"{len(room.inside)} browsers are in this room, and there is no room for more.",
                    "Vote together with your neighbour.",
                )
            room.inside.add(voter)
            return room.code

    def ballot(self, code: str, voter: str) -> Ballot | None:
        """What a participant sees; None if they are in no such room, or it has ended."""
        with self._lock:
            self._tidy()
            room = self._rooms.get(code)
            if room is None or voter not in room.inside:
                return None
            question = room.question
            if question is None:
                return Ballot()
            own = room.answers.get(voter)
            shown = Ballot(room.number, question.text, question.answers, question.say, own)
            if not room.revealed:
                return shown
            return replace(
                shown,
                revealed=True,
                right=question.right,
                after=question.after,
                counts=room.counts(),
            )

    def answer(self, code: str, voter: str, number: int, place: int) -> None:
        """Answer, or answer anew: a browser has one answer.

        Args:
            code: Of the room.
            voter: Who has entered it.
            number: Of the question that was on their screen.
            place: The answer, counted from 1.

        Raises:
            VoteError: If they are not in the room, or the question is revealed or over.
        """
        with self._lock:
            self._tidy()
            room = self._rooms.get(code)
            if room is None or voter not in room.inside or room.question is None:
                raise _ended()
            if number != room.number:
                raise VoteError(
                    "Your answer came too late: the next question is open.", "Answer that one."
                )
            if room.revealed:
                raise VoteError(
                    "Your answer came too late: the answers are revealed.",
                    "Wait for the next question.",
                )
            if not 1 <= place <= len(room.question.answers):
                raise VoteError("There is no such answer.", "Choose one of those on the screen.")
            room.answers[voter] = place
            room.used = self._clock()
        self._on_change(code, False)

    def are_one(self, before: str, now: str) -> None:
        """Two keys are those of one browser: whatever the first one has belongs to the second.

        An answer of each becomes one answer, the second one's.

        Args:
            before: Hash of the key that is used no more.
            now: Hash of the key that is.
        """
        with self._lock:
            for room in self._rooms.values():
                if room.host == before:
                    room.host = now
                if before in room.inside:
                    room.inside.remove(before)
                    room.inside.add(now)
                if before in room.answers:
                    room.answers.setdefault(now, room.answers.pop(before))

    # --- Within the lock ------------------------------------------------------------------------

    def _tidy(self) -> None:
        now = self._clock()
        for room in list(self._rooms.values()):
            if now - room.used >= IDLE_S or now - room.opened >= LIFE_S:
                self._end(room)

    def _end(self, room: _Room) -> None:
        del self._rooms[room.code]
        self._ended.append(room.code)

    def _key_of(self, host: str) -> str:
        self._tidy()
        found = (room.key for room in self._rooms.values() if host and room.host == host)
        return next(found, "")

    def _of_host(self, key: str) -> _Room:
        self._tidy()
        for room in self._rooms.values():
            if hmac.compare_digest(room.key.encode(), key.encode()):
                return room
        raise _ended()

    def _new_code(self) -> str:
        while True:
            code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
            if code not in self._rooms and code not in self._ended:
                return code


def _ended() -> VoteError:
    return VoteError("This room is closed.", "Look at the projector for the code of another one.")
