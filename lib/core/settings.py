"""The metadata of a setting of a run: texts, choices, bounds, and its group in the form.

The settings themselves are the fields of `TrainConfig` in lib/core/config.py.
"""

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, cast

from lib.core.errors import ConfigError

# Lower bound of positive numbers: the smallest number above 0.
POSITIVE = 5e-324
# The settings up to this number are part of every run id; later ones only if not at their default.
IN_EVERY_ID = 8


class Group(Enum):
    """Groups of settings; the form draws each group in one place."""

    CHOICE = auto()  # The choices at the top of the training lab.
    DATA = auto()
    HEAD_PHASE = auto()
    FINE_TUNING = auto()  # Like THAWING, only for strategies that thaw layers.
    THAWING = auto()
    HEAD = auto()
    REGULARISATION = auto()
    OPTIMIZER = auto()
    SEED = auto()
    COMMAND_LINE = auto()  # Not in the form.
    FOUND_OUT = auto()  # Not chosen: it follows from the data or from the code.


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting of a run, as the command line, the form, comparisons and checks need it.

    Args:
        label: Name in the form and in comparisons.
        help: One line about its effect, for the form and the command line.
        command_help: Additional text for the command line.
        group: The group to which it belongs.
        added: 0 for the settings of the first version, then counted up. The command of a run has
            its options in this order, because commands are stored and compared as text. A setting
            after IN_EVERY_ID is part of a run's id only if it is not at its default.
        label_alone: Name in the form if a run has only one phase; "" for the same name.
        unit: Unit of a number, such as "pixels".
        choices: Id -> name of the allowed values. Empty if any value is allowed.
        short_choices: Id -> shorter name for comparisons.
        about_choices: Id -> a sentence for the form.
        least: Smallest allowed number.
        most: Largest allowed number; by default any finite number.
        refusal: Error message for a value that is not allowed, with fields of the run in braces;
            "" if another check is responsible.
        next_step: What the reader can do about that error.
        zero_is_off: True if 0 switches it off.
        number_format: Format of a number in comparisons.
    """

    label: str
    help: str
    command_help: str = ""
    group: Group
    added: int = 0
    label_alone: str = ""
    unit: str = ""
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    short_choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    about_choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    least: float = 0
    most: float = sys.float_info.max
    refusal: str = ""
    next_step: str = ""
    zero_is_off: bool = False
    number_format: str = ""

    def field(self, default: Any = dataclasses.MISSING) -> Any:
        """Make the dataclass field that has this setting as metadata.

        Args:
            default: The default value. Without one, the default depends on other settings, and
                `make_config` computes it.
        """
        return dataclasses.field(default=default, metadata={"setting": self})

    @property
    def is_asked_for(self) -> bool:
        """True if a reader can choose it, at least on the command line."""
        return self.group is not Group.FOUND_OUT

    def allows(self, value: Any) -> bool:
        """Return True if a value is one of the choices, or a number within the bounds."""
        # NaN is refused, because comparisons with it are False.
        return value in self.choices if self.choices else self.least <= value <= self.most

    def error(self, config: object) -> ConfigError:
        """Make the error for a value of a configuration that is not allowed."""
        return ConfigError(self.refusal.format_map(vars(config)), self.next_step)

    def words(self, value: Any) -> str:
        """Format a value for a comparison.

        Example:

        >>> Setting(label="", help="", group=Group.DATA, number_format=",").words(1000)
        '1,000'
        """
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, str):
            return self.short_choices.get(value) or self.choices.get(value, value)
        if self.zero_is_off and not value:
            return "off"
        return f"{value:{self.number_format or ('g' if isinstance(value, float) else '')}}"


def settings_of(config: type) -> dict[str, Setting]:
    """Return the setting of each field of a dataclass by name.

    Raises:
        TypeError: If a field has no setting.
    """
    found = {field.name: field.metadata.get("setting") for field in dataclasses.fields(config)}
    for name, setting in found.items():
        if setting is None:
            raise TypeError(f"The field {name} of {config.__name__} carries no Setting.")
    return cast("dict[str, Setting]", found)


def added_later(config: type) -> dict[str, Any]:
    """Return the settings that old configurations lack, with the default that applies to them."""
    names = [name for name, each in settings_of(config).items() if each.added > IN_EVERY_ID]
    return {
        field.name: field.default for field in dataclasses.fields(config) if field.name in names
    }
