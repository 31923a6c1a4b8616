"""What a browser gets of the messages of a page, and what it keeps of them."""

import tomllib
from pathlib import Path

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from lib.server import messages

CONFIG = Path(__file__).resolve().parents[3] / ".streamlit" / "config.toml"
# Fragments look twice a second at what goes on; an answer may take a few minutes to come.
MOST_RUNS_OF_ONE_WAIT = 2 * 5 * 60


def test_a_message_outlives_all_looks_at_an_answer_that_is_slow_to_come() -> None:
    settings = tomllib.loads(CONFIG.read_text())
    assert settings["global"]["maxCachedMessageAge"] >= MOST_RUNS_OF_ONE_WAIT


def drawn(path: list[int], fragment: str) -> ForwardMsg:
    message = ForwardMsg()
    message.metadata.delta_path.extend(path)
    message.delta.fragment_id = fragment
    message.delta.new_element.text.body = fragment
    return message


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> ForwardMsgQueue:
    monkeypatch.setattr(app_session, "ForwardMsgQueue", ForwardMsgQueue)
    messages.send_all()
    return app_session.ForwardMsgQueue()


def test_what_a_fragment_has_drawn_is_sent_before_it_draws_again(queue: ForwardMsgQueue) -> None:
    # The second place belongs to a fragment within the first one, and does not exist without it.
    before = [drawn([0, 0], "outer"), drawn([0, 1], "inner")]
    for message in before:
        queue.enqueue(message)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["outer"])
    again = [drawn([0, 0], "outer"), drawn([0, 1], "inner")]
    for message in again:
        queue.enqueue(message)
    sent = queue.flush()
    assert [id(each) for each in sent] == [id(each) for each in (*before, *again)]
    assert queue.is_empty()


def test_a_rerun_of_the_page_still_forgets_what_it_draws_anew(queue: ForwardMsgQueue) -> None:
    queue.enqueue(drawn([0, 0], ""))
    queue.clear(retain_lifecycle_msgs=True)
    assert queue.is_empty()
    queue.enqueue(drawn([0, 0], "first"))
    queue.enqueue(drawn([0, 0], "second"))
    assert [each.delta.fragment_id for each in queue.flush()] == ["second"]
