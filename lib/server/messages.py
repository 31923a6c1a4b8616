"""The messages of a page on their way to its browser, in the order in which they were made.

When a fragment runs again, Streamlit drops what it has drawn before and not sent yet, but keeps
what the fragments inside it have drawn. That belongs behind what was dropped, so the browser met a
place that it did not know ("Bad delta path index"), and the page went blank: rarely, with gestures
on a busy machine. Here nothing is dropped: everything is sent as if it had been just in time.
"""

from streamlit.runtime import app_session
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue


class _WholeQueue(ForwardMsgQueue):
    def clear(
        self,
        retain_lifecycle_msgs: bool = False,
        fragment_ids_this_run: list[str] | None = None,
    ) -> None:
        """Forget what was not sent, unless a fragment is about to run.

        Args:
            retain_lifecycle_msgs: Whether the messages about runs themselves are kept.
            fragment_ids_this_run: Fragments that are about to run; None for the whole page.
        """
        if fragment_ids_this_run is None:
            super().clear(retain_lifecycle_msgs)
        else:
            # What is drawn from now on does not take the place of what was drawn before.
            self._delta_index_map = {}


def send_all() -> None:
    """Let the sessions that begin from now on have such a queue."""
    app_session.ForwardMsgQueue = _WholeQueue  # type: ignore[attr-defined]
