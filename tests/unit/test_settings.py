"""A setting is written once, and everything that has to know of it finds it there."""

import argparse
import json
import textwrap
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from lib.core import runs
from lib.core.config import DEFAULTS, SETTINGS, TYPES
from lib.core.errors import ConfigError
from lib.core.lab import bundle_checks, command
from lib.core.reading import compare
from lib.core.runs import Run, TrainConfig
from lib.core.settings import IN_EVERY_ID, Group, Setting, settings_of
from lib.training import run as command_line

CONFIG = runs.make_config(thaw_from="block_14_expand_conv,block_12_expand_conv")
ASKED = [name for name, setting in SETTINGS.items() if setting.is_asked_for]
REFUSING = [name for name, setting in SETTINGS.items() if setting.refusal]
SMOOTHING = Setting(
    label="Label smoothing", help="Share.", group=Group.REGULARISATION, added=IN_EVERY_ID + 1
)


@dataclass(frozen=True, kw_only=True)
class LaterConfig(TrainConfig):
    """A configuration of a later version, with a setting more."""

    label_smoothing: float = SMOOTHING.field(0.0)


def another(name: str) -> Any:
    """A value of this type that CONFIG does not have."""
    value = getattr(CONFIG, name)
    choices = [choice for choice in SETTINGS[name].choices if choice != value]
    if choices:
        return choices[0]
    return not value if TYPES[name] is bool else value + TYPES[name](1)


def options() -> dict[str, argparse.Action]:
    return {action.dest: action for action in command_line.parser()._actions}


def test_a_field_without_a_setting_is_found() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Careless(TrainConfig):
        label_smoothing: float = 0.0

    with pytest.raises(TypeError, match=r"The field label_smoothing of Careless carries no Set"):
        settings_of(Careless)
    assert list(SETTINGS) == [field.name for field in fields(TrainConfig)]


def test_the_example_for_contributors_is_a_setting_as_it_is() -> None:
    root = Path(__file__).resolve().parents[2]
    section = (root / "CONTRIBUTING.md").read_text("utf-8").split("## Add a setting")[1]
    example = section.split("```python\n")[1].split("```")[0]
    assert textwrap.indent(example, "    ") in (root / "lib/core/config.py").read_text("utf-8")


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_has_its_words(name: str) -> None:
    setting = SETTINGS[name]
    assert setting.label
    assert setting.help.endswith(".")
    assert sum(setting.label == other.label for other in SETTINGS.values()) == 1


def test_the_settings_that_were_added_are_counted() -> None:
    added = sorted(setting.added for setting in SETTINGS.values() if setting.added)
    assert added == list(range(1, len(added) + 1))


# --- The command line -----------------------------------------------------------------------------


def test_the_command_line_asks_for_every_setting_and_for_nothing_else() -> None:
    assert set(options()) == {*ASKED, "images", "out", "help"}


@pytest.mark.parametrize("name", ASKED)
def test_an_option_has_the_default_and_the_words_of_its_setting(name: str) -> None:
    option, setting = options()[name], SETTINGS[name]
    is_choice = setting.group is Group.CHOICE
    assert option.default == (None if is_choice else DEFAULTS.get(name))
    assert option.required == (name in ("backbone", "strategy"))
    assert option.help
    assert option.help.startswith(setting.help)
    assert all(choice in option.help for choice in setting.choices)


@pytest.mark.parametrize("name", ASKED)
def test_the_command_of_a_run_has_an_option_for_every_setting(name: str) -> None:
    words = command.command(replace(CONFIG, **{name: another(name)})).split()
    assert command.option(name) in words


def test_a_new_setting_is_an_option_without_another_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for table, value in ((SETTINGS, SMOOTHING), (TYPES, float), (DEFAULTS, 0.0)):
        monkeypatch.setitem(table, "label_smoothing", value)
    given = ["--backbone", "b", "--strategy", "s", "--out", "o", "--label-smoothing", "0.1"]
    assert command_line.parser().parse_args(given).label_smoothing == 0.1


# --- Comparison, checks, import -------------------------------------------------------------------


@pytest.mark.parametrize("name", SETTINGS)
def test_a_comparison_says_every_setting_that_differs(name: str) -> None:
    configs = CONFIG, replace(CONFIG, **{name: another(name)})
    both = [Run(runs.run_id(config), config, (), {}, Path("run")) for config in configs]
    assert compare.differing(both) == (name,)
    first, second = compare.rows(both)
    assert set(first.settings) == {SETTINGS[name].label}
    assert first.settings != second.settings


def outside(name: str) -> Any:
    setting = SETTINGS[name]
    return "no such choice" if setting.choices else TYPES[name](setting.least - 1)


@pytest.mark.parametrize("name", REFUSING)
def test_a_value_outside_is_refused_by_check_and_import_with_the_words_of_the_setting(
    name: str,
) -> None:
    config = replace(CONFIG, **{name: outside(name)})
    if name not in ("image_size", "hidden_units"):  # Refused before, where it is built.
        with pytest.raises(ConfigError) as caught:
            runs.check(config, 10**6)
        assert caught.value.in_words() == SETTINGS[name].error(config).in_words()
    with pytest.raises(bundle_checks.RefusedError):
        bundle_checks.config_of(asdict(config))


@pytest.mark.parametrize("name", [name for name in REFUSING if not SETTINGS[name].choices])
def test_the_bounds_themselves_are_allowed(name: str) -> None:
    setting = SETTINGS[name]
    assert setting.allows(setting.least)
    assert setting.allows(setting.most)
    assert not setting.allows(float("nan"))
    assert not setting.allows(float("inf"))


@pytest.mark.parametrize("name", SETTINGS)
def test_an_import_refuses_a_setting_of_another_type(name: str) -> None:
    with pytest.raises(bundle_checks.RefusedError, match=name):
        bundle_checks.config_of(asdict(CONFIG) | {name: None})


def test_every_choice_is_allowed() -> None:
    for name, setting in SETTINGS.items():
        for choice in setting.choices:
            assert setting.allows(choice), name
            assert setting.words(choice), name


# --- Added later ----------------------------------------------------------------------------------


def test_a_setting_that_is_added_leaves_the_ids_of_runs_as_they_are() -> None:
    later = LaterConfig(**asdict(CONFIG))
    assert later.to_json() == CONFIG.to_json()
    smoothed = replace(later, label_smoothing=0.1)
    assert json.loads(smoothed.to_json())["label_smoothing"] == 0.1
    assert LaterConfig.from_dict(json.loads(smoothed.to_json())) == smoothed


def test_a_configuration_from_before_a_setting_was_added_has_its_default() -> None:
    later = LaterConfig.from_dict(asdict(CONFIG))
    assert later.label_smoothing == 0.0
    with pytest.raises(ConfigError, match="exactly its fields: \\['label_smoothing'\\]"):
        TrainConfig.from_dict(asdict(later))
