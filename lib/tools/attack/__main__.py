"""Starts a server, plays every attack against it, and prints what held.

python -m lib.tools.attack [--short] [--only NAME ...] [--list]

Nothing but this machine is attacked: the server is started here, on loopback, with a THAW_HOME that
is removed afterwards. Ends with 1 if an attack reached something.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from lib.tools.attack import registry, target
from lib.tools.attack.registry import Attack, Outcome


def play(attacks: Sequence[Attack], folder: Path) -> Iterator[Outcome]:
    """Play attacks one after the other.

    Args:
        attacks: Those that share a server first, on one server; then the others.
        folder: For the homes and logs of the servers.
    """
    together = [each for each in attacks if not each.alone]
    if together:
        with target.running(folder / "shared") as server:
            for each in together:
                yield registry.outcome_of(each, server, time.monotonic)
    for each in attacks:
        if each.alone:
            with ExitStack() as stack:
                server = stack.enter_context(target.running(folder / each.name))
                yield registry.outcome_of(each, server, time.monotonic)


def main() -> int:
    """Play the attacks, and print a line for each."""
    known = registry.load_all()
    parser = argparse.ArgumentParser(
        prog="python -m lib.tools.attack", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--short", action="store_true", help="those that take seconds only")
    parser.add_argument("--only", nargs="+", choices=sorted(known), metavar="NAME")
    parser.add_argument("--list", action="store_true", help="name the attacks and play none")
    options = parser.parse_args()
    chosen = [
        each
        for each in known.values()
        if (each.short or not options.short) and (not options.only or each.name in options.only)
    ]
    if options.list:
        for each in chosen:
            print(f"{each.name}: {each.about}")
        return 0
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="thaw-attack-") as folder:
        for outcome in play(chosen, Path(folder)):
            outcomes.append(outcome)
            print(
                f"{outcome.verdict:12}  {outcome.seconds:5.1f} s  {outcome.attack.about}\n"
                f"{'':12}           {outcome.detail}",
                flush=True,
            )
    count = dict.fromkeys(("held", "did not hold", "failed", "not possible"), 0)
    for outcome in outcomes:
        count[outcome.verdict] += 1
    print(", ".join(f"{verdict}: {number}" for verdict, number in count.items()))
    return 1 if count["did not hold"] or count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
