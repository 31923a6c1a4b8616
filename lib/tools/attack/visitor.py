"""A client without a browser, which says whatever a browser could say, and more.

It speaks Streamlit's own protocol: protocol buffers over a websocket, files by PUT.
"""

import json
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from lib.tools.attack.target import PATIENCE_S, Answer, Target

BOUNDARY = "----a-boundary-of-one-part"
XSRF_COOKIE = "_streamlit_xsrf"
READER_COOKIE = "thaw_reader"


class PageFailedError(Exception):
    """The page raised an error that nobody had caught: the message is its text."""


class Visitor:
    """One session: one tab of a browser.

    Args:
        target: The server to visit.
        page: Path of the page, without a slash; "" is the home page.
        query: What stands behind "?" in the link.
        reader: The key of this reader, for their cookie; None comes without one.
        headers: Further headers of the websocket's handshake.
    """

    def __init__(
        self,
        target: Target,
        page: str = "",
        query: str = "",
        *,
        reader: str | None = None,
        origin: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.target = target
        self.query = query
        self.session = ""
        # Place of each element on the page -> (kind, protocol buffer).
        self.elements: dict[tuple[int, ...], tuple[str, Any]] = {}
        self.raw: list[ForwardMsg] = []
        self._page, self._page_hash = page, ""
        self._states: dict[str, WidgetState] = {}
        self._cookies = {READER_COOKIE: reader} if reader else {}
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        self.socket: ClientConnection = connect(
            f"ws://127.0.0.1:{target.port}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            origin=Origin(origin if origin is not None else target.origin),
            additional_headers={**({"Cookie": cookies} if cookies else {}), **(headers or {})},
            max_size=None,
            proxy=None,
            open_timeout=PATIENCE_S,
            # A tab that was told more than it has read cannot say goodbye.
            close_timeout=1,
        )

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self.socket.close()

    # --- The page -------------------------------------------------------------------------------

    def open(self) -> "Visitor":
        """Run the page once, as a browser does on arrival."""
        self.run()
        return self

    def run(self, *now: WidgetState, fragment: str = "", patience_s: float = PATIENCE_S) -> None:
        """Run the page, or one fragment of it, and take in what it shows.

        Args:
            now: States that count for this run only, as those of buttons do.
            fragment: Id of a fragment.
            patience_s: How long to wait for the end.

        Raises:
            PageFailedError: If the page shows an error nobody caught.
        """
        message = BackMsg()
        wanted = message.rerun_script
        wanted.query_string, wanted.fragment_id = self.query, fragment
        if self._page_hash:
            wanted.page_script_hash = self._page_hash
        else:
            wanted.page_name = self._page
        wanted.widget_states.widgets.extend([*self._states.values(), *now])
        if not fragment:
            self.elements = {}
        self.socket.send(message.SerializeToString())
        self.listen(patience_s)

    def listen(self, patience_s: float = PATIENCE_S) -> None:
        """Take in what the server sends, to the end of a run."""
        end = time.monotonic() + patience_s
        failed = ""
        while True:
            raw = self.socket.recv(timeout=max(0.0, end - time.monotonic()))
            message = ForwardMsg()
            message.ParseFromString(raw if isinstance(raw, bytes) else raw.encode())
            self.raw.append(message)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id
                self._page_hash = message.new_session.page_script_hash or self._page_hash
            elif kind == "navigation":
                self._page_hash = message.navigation.page_script_hash
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                name = element.WhichOneof("type") or ""
                place = tuple(message.metadata.delta_path)
                self.elements[place] = (name, getattr(element, name) if name else None)
                if name == "exception":
                    failed = f"{element.exception.type}: {element.exception.message}"
            elif kind == "script_finished" and message.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
                ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
            ):
                break
        if failed:
            raise PageFailedError(failed)

    def text(self) -> str:
        """Everything that the page says: the text of all its elements."""
        return "\n".join(str(element) for _, element in self.elements.values())

    # --- Widgets --------------------------------------------------------------------------------

    def widget(self, key: str) -> tuple[str, Any]:
        """Kind and protocol buffer of the widget with a key or a label.

        Raises:
            LookupError: If there is none on the page.
        """
        for kind, element in self.elements.values():
            id_ = getattr(element, "id", "")
            if not isinstance(id_, str) or not id_:
                continue
            if id_.endswith(f"-{key}") or key in (id_, getattr(element, "label", None)):
                return kind, element
        raise LookupError(f"The page has no widget {key!r}.")

    def has(self, key: str) -> bool:
        """True if the page has a widget with this key or label."""
        try:
            self.widget(key)
        except LookupError:
            return False
        return True

    def click(self, key: str) -> None:
        """Press a button."""
        _, element = self.widget(key)
        self.run(WidgetState(id=element.id, trigger_value=True))

    def set(self, key: str, value: Any, kind: str = "", id_: str = "") -> None:
        """Set a widget, and run the page.

        Args:
            key: Of the widget, or its label.
            value: As the widget has it.
            kind: Name of the protocol buffer, for a widget that is not on the page.
            id_: Its id, then.
        """
        if not kind:
            kind, element = self.widget(key)
            id_ = element.id
        state = WidgetState(id=id_)
        if kind == "checkbox":
            state.bool_value = bool(value)
        elif kind == "slider":
            state.double_array_value.data[:] = value if isinstance(value, list) else [value]
        elif kind == "number_input":
            state.double_value = float(value)
        elif kind in ("button_group", "multiselect"):
            state.string_array_value.data[:] = value if isinstance(value, list) else [value]
        else:
            state.string_value = str(value)
        self._states[id_] = state
        self.run()

    def tell(self, component: str, event: str, value: Any) -> None:
        """Send an event of an inline component, as its JavaScript does.

        Args:
            component: Part of the component's id, such as its key.
            event: Name of the event.
            value: Anything that is JSON.
        """
        for kind, element in self.elements.values():
            if kind == "bidi_component" and component in element.id:
                id_ = f"$$STREAMLIT_INTERNAL_KEY_{element.id}__events"
                events = json.dumps([{"event": event, "value": value}])
                self.run(WidgetState(id=id_, json_trigger_value=events))
                return
        raise LookupError(f"The page has no component {component!r}.")

    # --- Files ----------------------------------------------------------------------------------

    def put(
        self,
        content: bytes,
        name: str = "file.zip",
        *,
        file_id: str | None = None,
        session: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a file to a session, whether or not its page asks for one."""
        return self.target.ask(
            "PUT",
            f"/_stcore/upload_file/{session or self.session}/{file_id or uuid.uuid4()}",
            multipart(name, content),
            {**upload_headers(), **(headers or {})},
        )

    def upload(self, key: str, files: Sequence[tuple[str, bytes]]) -> None:
        """Give files to an uploader of the page, and run it."""
        _, element = self.widget(key)
        state = WidgetState(id=element.id)
        for name, content in files:
            file_id = str(uuid.uuid4())
            answer = self.put(content, name, file_id=file_id)
            if answer.status != 204:
                raise PageFailedError(f"The upload was answered by {answer.status}.")
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.name, info.size, info.file_id = name, len(content), file_id
            info.file_urls.file_id = file_id
        self._states[element.id] = state
        self.run()


def upload_headers() -> dict[str, str]:
    """The headers of an upload; anybody can make the two tokens, which only have to be equal."""
    xsrf = f"2|00000000|{secrets.token_hex(16)}|{int(time.time())}"
    return {
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Cookie": f"{XSRF_COOKIE}={xsrf}",
        "X-Xsrftoken": xsrf,
    }


def new_reader() -> str:
    """The key of a reader who was never here."""
    return secrets.token_urlsafe(32)


def multipart(name: str, content: bytes) -> bytes:
    """The body of an upload."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
