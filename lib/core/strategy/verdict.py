"""The verdict of the recorded runs on the rule: right, wrong, or possibly chance."""

from dataclasses import dataclass

from lib.core.strategy import rule as strategy_rule
from lib.core.strategy.evidence import WAYS, Cell, Difference


@dataclass(frozen=True)
class Verdict:
    """The verdict of one cell on the rule.

    Args:
        rule: The way that the rule recommends.
        winner: The way with the best test accuracy.
        difference: The winner minus the runner-up if the rule was right; else the winner minus
            the rule's way, or None if that was not recorded.
    """

    rule: str
    winner: str
    difference: Difference | None

    @property
    def contradicts(self) -> bool:
        """True if another way was better than the rule's by more than chance."""
        return bool(self.winner != self.rule and self.difference and self.difference.told_apart)

    @property
    def told_apart(self) -> bool:
        """True if chance alone does not explain the difference."""
        return bool(self.difference and self.difference.told_apart)

    @property
    def in_words(self) -> str:
        """The verdict in one sentence or two."""
        winner, rule = WAYS[self.winner].title, WAYS[self.rule].title
        if self.difference is None:
            return f"{winner} came first; {rule}, the rule's choice, was not recorded here."
        found = self.difference
        by = f"by {100 * found.mean:.1f} points over {WAYS[found.second].title}"
        ends = f"95 % interval {100 * found.low:+.1f} to {100 * found.high:+.1f}"
        if self.winner == self.rule:
            words = f"{winner} came first, as the rule says, {by} ({ends})"
            return f"{words}." if self.told_apart else f"{words}: this may be chance."
        words = f"{winner} came first {by}, the rule's choice ({ends})"
        if self.told_apart:
            return f"{words}: the rule is wrong here."
        return f"{words}: this may be chance."


def of(cell: Cell) -> Verdict:
    """Compare a cell with the recommendation of the rule."""
    rule = strategy_rule.recommend(cell.situation).way
    if rule == cell.winner:
        return Verdict(rule, cell.winner, cell.lead)
    known = rule in cell.tried
    return Verdict(rule, cell.winner, cell.difference(cell.winner, rule) if known else None)
