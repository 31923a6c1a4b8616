"""Which files are images of which class: one rule for folders, archives and single files.

A class is a folder of images. The folders of the classes may lie deeper than at the top, where
there is one way down, or in folders called train, validation and test. Whatever is left out is kept
in words, and so is what the reader may not expect (docs/decisions/0010-what-is-left-out.md).
"""

import mimetypes
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lib.core import splits
from lib.core.errors import DataError
from lib.core.files import outside_text
from lib.core.splits import TEST, TRAIN, VALIDATION
from lib.core.uploads.archive_names import is_junk
from lib.core.uploads.own_datasets import MAX_CLASSES, MIN_CLASSES

Path = tuple[str, ...]

PARTS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
}
USES = {TRAIN: "training", VALIDATION: "validation", TEST: "the test"}
# Without the tables of the machine, which differ.
_KINDS = mimetypes.MimeTypes(filenames=())

LINK = "a link, which is not followed"
NO_FILE = "not a file"
DEEPER = "in a folder inside that of a class"
NO_CLASS = "not in the folder of a class"
HIDDEN = "hidden, because its name begins with a dot"
OF_A_RUN = "the folder of a run of Thaw"
NO_IMAGE = "no usable image in it"
# Reason -> what would help.
STEPS = {
    LINK: "Put copies of the images in the place of the links.",
    DEEPER: "Use the one folder that directly holds one folder of images per class.",
    HIDDEN: "Give it a name without a dot in front.",
}
OTHER_STEP = "Put the images of each class in a folder of their own, directly inside it."


@dataclass(frozen=True)
class Found:
    """A file, or what is in the place of one.

    Args:
        path: Folders and name; text from outside.
        problem: Why it cannot be an image whatever is in it; "" where it can.
        entry: Where its reader finds it.
    """

    path: Path
    problem: str = ""
    entry: Any = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Its path, to be shown."""
        return outside_text.shown("/".join(self.path))


@dataclass(frozen=True)
class Candidate:
    """A file in the folder of a class.

    Args:
        found: The file.
        class_name: As it is kept and shown.
        part: TRAIN, VALIDATION or TEST, where its folder says so; else TRAIN.
        within: Its path without the folders around those of the classes and parts.
    """

    found: Found
    class_name: str
    part: int
    within: Path


class Layout:
    """What the files of a folder or an archive are: images of classes, or left out.

    `candidates` are the files in the folders of the `class_names`, in order. `said` is what the
    reader may not expect, `parts` the folders that say which split an image is in.

    Args:
        found: Every file.
        folders: Every folder that may be empty.
        with_parts: Whether an image is in the split that its folder says; else Thaw splits.
    """

    def __init__(
        self, found: Iterable[Found], folders: Iterable[Path] = (), with_parts: bool = True
    ) -> None:
        self.folders_left_out: list[str] = []
        self.files_left_out: list[str] = []
        self._first_of: dict[str, str] = {}  # class -> the first of its files that was left out
        self._first_with: dict[bytes, Candidate] = {}
        self._num_crossing = 0
        files, folders = self._wanted(list(found), set(folders))
        self._direct, self._deep = _counts(files)
        self._base = self._way_down()
        self.parts = self._parts()
        names = self._choose(files, folders, with_parts)
        self.class_names = tuple(dict.fromkeys(names[name] for name in sorted(names)))
        self.with_parts = with_parts and bool(self.parts)
        self.said = [*self._where(), *outside_text.renamed(names)]

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is not among the images, each with the reason, in words; folders first."""
        return (*self.folders_left_out, *self.files_left_out)

    def leave(self, found: Found, reason: str, class_name: str = "") -> None:
        """Leave a file out, and remember why."""
        self.files_left_out.append(f"{found.name}: {reason}")
        self._first_of.setdefault(class_name, self.files_left_out[-1])

    def takes(self, candidate: Candidate, digest: bytes) -> bool:
        """False for a copy of an image before it, which is left out.

        Args:
            candidate: The next image, which can be used.
            digest: Of its bytes.
        """
        first = self._first_with.setdefault(digest, candidate)
        if first is not candidate:
            reason = f"the same image as {first.found.name}"
            self.leave(candidate.found, reason, candidate.class_name)
            self._num_crossing += first.part != candidate.part
        return first is candidate

    def check(
        self, where: str, class_names: Sequence[str], labels: Sequence[int], given: Sequence[int]
    ) -> None:
        """Refuse what is no 2 to 50 classes that can be split, and a class that would be lost.

        Args:
            where: What holds them, to begin a sentence with.
            class_names: Of the classes that have images, in label order.
            labels: Class index of each image.
            given: Split of each image, where the folders say it; else empty.

        Raises:
            DataError: With the first reason, and what would help.
        """
        if len(class_names) < MIN_CLASSES:
            found = f"only {class_names[0]!r}" if class_names else "none"
            reason = self.left_out[0].rpartition(": ")[2] if self.left_out else ""
            raise DataError(
                f"{where} has to hold at least {MIN_CLASSES} folders with images, one per class; "
                f"it holds {found}. {self.sentence()}".rstrip(),
                STEPS.get(reason, OTHER_STEP),
            )
        for name in self.class_names:
            if name not in class_names:
                raise DataError(
                    f"Nothing in the folder of the class {name!r} can be used; the first file is "
                    f"{self._first_of[name]}.",
                    "Convert its images to JPEG or PNG, or take the folder out.",
                )
        if len(class_names) > MAX_CLASSES:
            raise DataError(
                f"{where} holds {len(class_names)} classes; Thaw trains on at most {MAX_CLASSES}.",
                "Leave out some of the folders.",
            )
        # Fails here, in words, where a class is too small to be in every split.
        most = splits.max_train_images(len(labels), splits.counts_of(given))
        splits.split(labels, most, 0, class_names, given)
        if self._num_crossing:
            number = self._num_crossing
            images = "1 image was" if number == 1 else f"{number:,} images were"
            self.said.append(
                f"{images} in more than one split, and kept for the test or the validation rather "
                "than for training."
            )

    def sentence(self) -> str:
        """What was left out, in one line: folders first; "" where nothing was."""
        said = []
        for kind, lines in (("folder", self.folders_left_out), ("file", self.files_left_out)):
            if len(lines) == 1:
                said.append(f"1 {kind} was left out: {lines[0]}.")
            elif lines:
                number = f"{len(lines):,} {kind}s were left out"
                said.append(f"{number}, the first of them {lines[0]}.")
        return " ".join(said)

    # --- Where the classes are ----------------------------------------------------------------

    def _wanted(
        self, found: Sequence[Found], folders: Collection[Path]
    ) -> tuple[list[Found], set[Path]]:
        """Files and folders without junk, what is hidden, and the folders of runs."""
        there = {each.path for each in found}
        of_runs = {
            path[:-1]
            for path in there
            if len(path) > 1
            and path[-1] == "config.json"
            and {(*path[:-1], "history.jsonl"), (*path[:-1], "result.json")} & there
        }
        around = {above for each in found for above in _above(each.path)} | set(folders)
        unwanted = {path for path in around | there if is_unwanted(path[-1])} | of_runs
        outermost = {path for path in unwanted if not unwanted & set(_above(path))}
        for path in sorted(outermost):
            if path in of_runs:
                self.folders_left_out.append(f"{_shown(path)}: {OF_A_RUN}")
            elif not is_junk(path[-1]):
                lines = self.folders_left_out if path in around else self.files_left_out
                lines.append(f"{_shown(path)}: {HIDDEN}")

        def is_wanted(path: Path) -> bool:
            return path not in unwanted and unwanted.isdisjoint(_above(path))

        return [each for each in found if is_wanted(each.path)], set(filter(is_wanted, around))

    def _way_down(self) -> Path:
        """The folder that holds those of the classes, or of the parts: down while there is one way.

        A folder without anything like an image is no other way.
        """
        base: Path = ()
        while True:
            ways = self._ways(base)
            inner = [path for path in ways if self._deep[path] > self._direct[path]]
            # A part without classes, such as test images without labels, is no other way either.
            in_parts = all(path[-1].casefold() in PARTS for path in ways)
            if len(inner) != 1 or (len(ways) > 1 and not in_parts):
                return base
            base = inner[0]

    def _ways(self, base: Path) -> list[Path]:
        """The folders in a folder that hold anything like an image."""
        return sorted(path for path in self._deep if path[:-1] == base)

    def _parts(self) -> dict[str, int]:
        """The folders that say which split an image is in; none where no folders do."""
        found = {
            path[-1]: PARTS[path[-1].casefold()]
            for path in self._ways(self._base)
            if path[-1].casefold() in PARTS and self._deep[path] > self._direct[path]
        }
        uses = set(found.values())
        return found if TRAIN in uses and len(uses) > 1 else {}

    def _choose(
        self, files: Sequence[Found], folders: Collection[Path], with_parts: bool
    ) -> dict[str, str]:
        """Make candidates of the files in the folders of classes; the names of those folders."""
        shares = [(*self._base, name) for name in self.parts] or [self._base]
        depth = len(shares[0])
        classes = {path for path in folders if len(path) == depth + 1 and path[:depth] in shares}
        empty = {path for path in classes if not self._deep[path]}
        self.folders_left_out += [f"{_shown(path)}: {NO_IMAGE}" for path in sorted(empty)]
        names = outside_text.names_of(path[-1] for path in classes - empty)
        candidates = []
        for each in sorted(files, key=lambda each: each.path):
            folder, below = each.path[: depth + 1], len(each.path) - depth
            if folder in empty:
                continue
            class_name = names[folder[-1]] if folder in classes else ""
            if each.problem == LINK and below == 1:
                self.folders_left_out.append(f"{each.name}: {LINK}")
            elif each.problem or not class_name or below > 2:
                reason = each.problem or (DEEPER if class_name else NO_CLASS)
                self.leave(each, reason, class_name)
            else:
                part = self.parts[folder[-2]] if self.parts and with_parts else TRAIN
                within = each.path[len(self._base) :]
                candidates.append(Candidate(each, class_name, part, within))
        # The test images first: of copies in two splits, the one for training is left out.
        self.candidates = tuple(sorted(candidates, key=lambda each: -each.part))
        return names

    def _where(self) -> list[str]:
        """What to say of the folders in which the classes were found."""
        said = []
        if self._base:
            said.append(f"The folders of the classes were found in {_shown(self._base)}.")
        if self.with_parts:
            uses = [f"{name} for {USES[part]}" for name, part in self.parts.items()]
            said.append(f"The folders say which split an image is in: {', '.join(uses)}.")
            missing = {VALIDATION, TEST} - set(self.parts.values())
            said += [
                f"There is no folder for {USES[part]}, so a sixth of the training images is kept "
                "for that."
                for part in missing
            ]
        return said


def _counts(files: Iterable[Found]) -> tuple[Counter[Path], Counter[Path]]:
    """Folder -> how many files like images it holds: directly, and at any depth."""
    direct: Counter[Path] = Counter()
    deep: Counter[Path] = Counter()
    for each in files:
        if _may_be_image(each.path[-1]):
            direct[each.path[:-1]] += 1
            deep.update(_above(each.path))
    return direct, deep


def _may_be_image(name: str) -> bool:
    """False for what is something else, such as a text; in the end the content decides."""
    kind, _ = _KINDS.guess_type(name)
    return kind is None or kind.startswith("image/")


def _above(path: Path) -> list[Path]:
    """The folders around a file, from the outermost."""
    return [path[:depth] for depth in range(1, len(path))]


def is_unwanted(name: str) -> bool:
    """True for what is hidden or junk: it is not looked into."""
    return name.startswith(".") or is_junk(name)


def _shown(path: Path) -> str:
    return outside_text.shown("/".join(path))
