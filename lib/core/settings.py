"""What a setting of a run carries beside its value: words, choices, bounds, and where it is asked.

The settings themselves are the fields of `TrainConfig` in lib/core/config.py.
"""

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, cast

from lib.core.errors import ConfigError

# Lower bound of what has to be positive: the smallest number above 0.
POSITIVE = 5e-324
# So many settings were added before ids of runs could stay as they are when one is added.
IN_EVERY_ID = 8


class Group(Enum):
    """Settings that belong together; the form draws a group in one place."""

    CHOICE = auto()  # One of the three choices at the top of the training lab.
    DATA = auto()
    HEAD_PHASE = auto()
    FINE_TUNING = auto()  # For strategies that thaw layers, as is THAWING.
    THAWING = auto()
    HEAD = auto()
    REGULARISATION = auto()
    OPTIMIZER = auto()
    SEED = auto()
    COMMAND_LINE = auto()  # Not in the form.
    FOUND_OUT = auto()  # Nobody asks for it: it follows from the data or from the code.


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting of a run, as the command line, the form, comparisons and checks need it.

    Args:
        label: Its name in the form and in comparisons.
        help: One line on what it does, in the form and on the command line.
        command_help: What the command line says besides.
        group: Where it belongs.
        added: 0 for the settings of the first version, then counted up. The command of a run has
            its options in this order, because commands are stored and compared as text. One that
            was added after IN_EVERY_ID is part of a run's id only where it is not at its default.
        label_alone: Its name in the form where a run has one phase only; "" for the same.
        unit: Of a number, such as "pixels".
        choices: Id -> words. Empty where the value is not one of a few.
        short_choices: Id -> shorter words for a comparison.
        about_choices: Id -> a sentence for the form.
        least: Smallest number that can be used.
        most: Largest one; any finite number by default.
        refusal: Sentence about a value that is not among the choices or within the bounds, with
            the values of the run by name in braces; "" where another check is responsible.
        next_step: What to do then.
        zero_is_off: True where 0 switches it off.
        number_format: How a number is written in comparisons.
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
        """The field of a dataclass that carries this setting.

        Args:
            default: What a run has that asks for nothing else. Without one, the default depends
                on other settings and `make_config` finds it.
        """
        return dataclasses.field(default=default, metadata={"setting": self})

    @property
    def is_asked_for(self) -> bool:
        """True where a reader can choose it, at least on the command line."""
        return self.group is not Group.FOUND_OUT

    def allows(self, value: Any) -> bool:
        """True where a value is one of the choices, or a number within the bounds."""
        # A comparison with NaN is False.
        return value in self.choices if self.choices else self.least <= value <= self.most

    def error(self, config: object) -> ConfigError:
        """Why the value in a configuration cannot be used."""
        return ConfigError(self.refusal.format_map(vars(config)), self.next_step)

    def words(self, value: Any) -> str:
        """A value in a comparison.

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
    """Name of each field of a dataclass -> its setting.

    Raises:
        TypeError: If a field has none.
    """
    found = {field.name: field.metadata.get("setting") for field in dataclasses.fields(config)}
    for name, setting in found.items():
        if setting is None:
            raise TypeError(f"The field {name} of {config.__name__} carries no Setting.")
    return cast("dict[str, Setting]", found)


def added_later(config: type) -> dict[str, Any]:
    """The settings that older configurations lack, with the default that they had in effect."""
    names = [name for name, each in settings_of(config).items() if each.added > IN_EVERY_ID]
    return {
        field.name: field.default for field in dataclasses.fields(config) if field.name in names
    }
