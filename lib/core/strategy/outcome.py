"""What a comparison of ways of training found on one dataset, in whole sentences.

Sentences are chosen, not put together, so that each reads well and can be translated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib.core.intervals import PairedDifference
from lib.core.reading import evaluation
from lib.core.reading.evaluation import Evaluation
from lib.core.strategy.evidence import WAYS
from lib.core.strategy.learning_curve import Point

BASELINE = "head"
# Key of evidence.WAYS -> the sentence if it is better than the head alone by more than chance.
BETTER = {
    "top": "Thawing the top layers at {size} pixels gets {right} of {total} right ({low} to "
    "{high}), more than the head alone by more than chance.",
    "middle": "Thawing more top layers at {size} pixels gets {right} of {total} right ({low} to "
    "{high}), more than the head alone by more than chance.",
    "everything": "Thawing everything at {size} pixels gets {right} of {total} right ({low} to "
    "{high}), more than the head alone by more than chance.",
    "scratch": "Training from scratch at {size} pixels gets {right} of {total} right ({low} to "
    "{high}), more than the head alone by more than chance.",
}
HEAD_IS_ENOUGH = (
    "The head alone at {size} pixels gets {right} of {total} right ({low} to {high}); thawing more "
    "is not better by more than chance."
)
HEAD_IS_ALL = (
    "The head alone at {size} pixels gets {right} of {total} right ({low} to {high}); no other "
    "strategy has finished."
)
NO_HEAD = "The head alone has not finished, so there is nothing to compare the others with."
NOTHING = "No run of this comparison has finished."

# What each choice gains or loses; a way has the name of its card.
BETTER_AND_WORSE = (
    "*{best}* is better than the head alone by {gain:.0f} points and *{worst}* worse by "
    "{loss:.0f}, both by more than chance."
)
ONLY_BETTER = (
    "*{best}* is better than the head alone by {gain:.0f} points; no choice is worse by more than "
    "chance."
)
ONLY_WORSE = (
    "*{worst}* is worse than the head alone by {loss:.0f} points; no choice is better by more than "
    "chance."
)
ALL_CHANCE = (
    "No choice is better or worse than the head alone by more than chance: {images:,} test images "
    "cannot tell them apart."
)

EXPECT_MORE = (
    "Take it home, or bring more images: with twice as many expect {expected} ({low} to {high})."
)
EXPECT_THE_SAME = (
    "Take it home: with twice as many images expect {expected} ({low} to {high}), hardly more."
)
# The same, if the learning curve was measured on another number of images than the run has.
EXPECT_MORE_WITH = (
    "Take it home, or bring more images: with {num_images} expect {expected} ({low} to {high})."
)
EXPECT_THE_SAME_WITH = (
    "Take it home: with {num_images} images expect {expected} ({low} to {high}), hardly more."
)
TAKE_HOME = "Take it home, or bring more images."
# Less than one image in a hundred more is not worth collecting as many images again.
HARDLY = 0.01


@dataclass(frozen=True)
class Judged:
    """A finished run of a comparison.

    Args:
        image_size: Side of its images in pixels.
        answers: Its predictions for its test images.
    """

    image_size: int
    answers: Evaluation


@dataclass(frozen=True)
class Choice:
    """What a way of training gains over the head alone, on the images that both were tested on.

    Args:
        way: Key of evidence.WAYS.
        difference: Its accuracy minus that of the head.
    """

    way: str
    difference: PairedDifference

    @property
    def title(self) -> str:
        """Name of the way on its card."""
        return WAYS[self.way].title


def choices(finished: Mapping[str, Judged]) -> tuple[Choice, ...]:
    """Return what each way gains over the head alone, those that thaw least first.

    Args:
        finished: Key of evidence.WAYS -> its run.

    Returns:
        Empty without a finished head. A way that was tested on other images is left out.
    """
    head = finished.get(BASELINE)
    if head is None:
        return ()
    found = (
        (way, _difference(head.answers, finished[way].answers))
        for way in WAYS
        if way != BASELINE and way in finished
    )
    return tuple(Choice(way, difference) for way, difference in found if difference)


def in_words(found: Sequence[Choice]) -> str:
    """Say which choices are better and which worse than the head alone by more than chance.

    Args:
        found: From `choices`, at least one.
    """
    by_gain = sorted(found, key=lambda each: each.difference.difference)
    better = [each for each in by_gain if each.difference.low > 0]
    worse = [each for each in by_gain if each.difference.high < 0]
    # What is not told apart has no place in the sentence that is chosen.
    best, worst = (better or by_gain)[-1], (worse or by_gain)[0]
    words = {
        (True, True): BETTER_AND_WORSE,
        (True, False): ONLY_BETTER,
        (False, True): ONLY_WORSE,
        (False, False): ALL_CHANCE,
    }[bool(better), bool(worse)]
    return words.format(
        best=best.title,
        gain=100 * best.difference.difference,
        worst=worst.title,
        loss=-100 * worst.difference.difference,
        images=max(each.difference.num_images for each in found),
    )


def winner(finished: Mapping[str, Judged]) -> str | None:
    """Return the way to prefer: the head, unless another is better by more than chance.

    Args:
        finished: Key of evidence.WAYS -> its run.

    Returns:
        Key of evidence.WAYS; None if the head has not finished.
    """
    head = finished.get(BASELINE)
    if head is None:
        return None
    better = [
        way
        for way, judged in finished.items()
        if way != BASELINE
        and (difference := _difference(head.answers, judged.answers))
        and difference.low > 0
    ]
    return max(better, key=lambda way: finished[way].answers.accuracy, default=BASELINE)


def _difference(first: Evaluation, second: Evaluation) -> PairedDifference | None:
    """The second minus the first; None if they were tested on different images.

    A run that was cross-validated has an answer to every image, another run only to its test
    images, so they are compared on the images of both.
    """
    try:
        return evaluation.compare(*evaluation.on_common_images(first, second))
    except ValueError:
        return None


def finding(finished: Mapping[str, Judged]) -> str:
    """Say what the comparison found.

    Args:
        finished: Key of evidence.WAYS -> its run.
    """
    best = winner(finished)
    if best is None:
        return NO_HEAD if finished else NOTHING
    sentence = BETTER.get(best, HEAD_IS_ENOUGH if len(finished) > 1 else HEAD_IS_ALL)
    answers = finished[best].answers
    low, high = (round(share * answers.num_images) for share in answers.interval)
    return sentence.format(
        size=finished[best].image_size,
        right=f"{answers.num_correct:,}",
        total=f"{answers.num_images:,}",
        low=f"{low:,}",
        high=f"{high:,}",
    )


def next_step(now: float = 0.0, then: Point | None = None, *, num_images: int = 0) -> str:
    """Say what to do now.

    Args:
        now: Accuracy with the images there are, 0 to 1.
        then: What a learning curve expects of more images; None if that is not known.
        num_images: Images that there are.

    Example:

    >>> next_step(0.92, Point(80, 0.96, 0.93, 0.98), num_images=40)
    'Take it home, or bring more images: with twice as many expect .96 (.93 to .98).'
    >>> next_step(0.92, Point(80, 0.96, 0.93, 0.98), num_images=20)
    'Take it home, or bring more images: with 80 expect .96 (.93 to .98).'
    """
    if then is None:
        return TAKE_HOME
    is_more = round(then.accuracy - now, 6) >= HARDLY
    if then.num_images == 2 * num_images:
        sentence = EXPECT_MORE if is_more else EXPECT_THE_SAME
    else:
        sentence = EXPECT_MORE_WITH if is_more else EXPECT_THE_SAME_WITH
    return sentence.format(
        num_images=f"{then.num_images:,}",
        expected=_share(then.accuracy),
        low=_share(then.low),
        high=_share(then.high),
    )


def _share(value: float) -> str:
    """Format a share of the images: ".96", "1.00"."""
    return f"{value:.2f}".removeprefix("0")
