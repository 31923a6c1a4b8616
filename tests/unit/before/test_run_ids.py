"""Configurations of the version before: the same text, the same run id, the same command."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from lib.core import runs
from lib.core.lab import command
from tests.unit.before import written_before

CASES: dict[str, dict[str, Any]] = written_before.read("run_ids.json")


@pytest.mark.parametrize("name", CASES)
def test_the_same_settings_give_the_same_configuration_run_id_and_command(name: str) -> None:
    case = CASES[name]
    config = runs.make_config(**case["asked"])
    assert config.to_json() == case["config"]
    assert runs.run_id(config) == case["run_id"]
    assert command.command(config) == case["command"]


@pytest.mark.parametrize("name", CASES)
def test_a_stored_configuration_is_read_as_the_run_it_was(name: str) -> None:
    case = CASES[name]
    config = runs.TrainConfig.from_dict(json.loads(case["config"]))
    assert config == runs.make_config(**case["asked"])
    assert [asdict(phase) | {"key": phase.key} for phase in config.phases] == case["phases"]


def test_every_field_has_two_values_or_more_among_the_configurations() -> None:
    values: dict[str, set[Any]] = {}
    for case in CASES.values():
        for field, value in json.loads(case["config"]).items():
            values.setdefault(field, set()).add(value)
    assert {field for field, seen in values.items() if len(seen) < 2} == {"training_version"}
