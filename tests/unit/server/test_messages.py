"""What a browser keeps of the messages that it was sent."""

import tomllib
from pathlib import Path

CONFIG = Path(__file__).resolve().parents[3] / ".streamlit" / "config.toml"
# Fragments look twice a second at what goes on; an answer may take a few minutes to come.
MOST_RUNS_OF_ONE_WAIT = 2 * 5 * 60


def test_a_message_outlives_all_looks_at_an_answer_that_is_slow_to_come() -> None:
    settings = tomllib.loads(CONFIG.read_text())
    assert settings["global"]["maxCachedMessageAge"] >= MOST_RUNS_OF_ONE_WAIT
