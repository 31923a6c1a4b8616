"""Names that are not ours: in generated code that is executed, and on the pages of others."""

import ast
import io
import json
import socket
import ssl
import tempfile
import zipfile
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil

from lib.code import keras_run, torch_run
from lib.core import runs
from lib.core.lab import bundle, command
from lib.core.lab.folder import read_meta
from lib.core.lab.store import RunStore
from lib.core.runs import Run, TrainConfig
from lib.tools.attack.registry import attack, hold
from lib.tools.attack.target import Target, until
from lib.tools.attack.visitor import Visitor, new_reader
from lib.ui import state

EXECUTED = "THIS_WAS_EXECUTED"
# Each would end a string, a comment, a docstring or a cell, or be more than a name of a folder.
NAMES = (
    f"cat'; print('{EXECUTED}')  #",
    f'"]\nprint("{EXECUTED}")\nx = ["',
    f'"""\nprint("{EXECUTED}")\n"""',
    f"{{{{ print('{EXECUTED}') }}}} {{% raw %}}",
    f"\\\\'\\\nprint('{EXECUTED}')",
    f"# %%\nprint('{EXECUTED}')",
    "../../../../etc/passwd",
    f"$(echo {EXECUTED}) `{EXECUTED}` %run {EXECUTED} !{EXECUTED}",
    "</script><script>alert(1)</script>",
)
# The pages that show a run of the link, or the runs of all.
SHOW_RUNS = ("training_lab", "learning_curves", "predict", "global_average_pooling")
PIXEL = "![x](//evil.example/pixel.png)"


@attack()
def code_of_hostile_names_is_executed(_: Target) -> str:
    """A script and a notebook are made of a run with hostile class and run names, and executed."""
    hostile, plain = recorded(NAMES), recorded([f"class {number}" for number in range(len(NAMES))])
    scripts = (keras_run.script, _notebook_code, torch_run.code)
    for write in scripts:
        text = write(hostile)
        shape = _shape(write(plain))
        hold(_shape(text) == shape, f"{write.__name__}: names have become code.")
        said = _executed(text)
        hold(EXECUTED not in said, f"{write.__name__}: a name was executed.")
    lines = keras_run.requirements(hostile.result["versions"]).splitlines()
    hold(not any("--" in line or "@" in line for line in lines), f"Requirements: {lines}.")
    cells = json.loads(keras_run.notebook(hostile))["cells"]
    words = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    hold(EXECUTED not in words and PIXEL not in words, "A name is in the text of the notebook.")
    return f"{len(NAMES)} names in {len(scripts)} programs: the same code as of plain names"


@attack()
def a_picture_through_an_imported_run(target: Target) -> str:
    """Runs are imported whose dataset and name are Markdown for a picture of a foreign host."""
    base = recorded(("animal", "food"))
    other = replace(base.config, dataset=PIXEL, data_fingerprint="0" * 64)
    named = run_file(base, replace(base.config, seed=77), {"name": PIXEL, "note": PIXEL})
    for content in (run_file(base, other, {"name": "", "note": ""}), named):
        with Visitor(target, "learning_curves", reader=new_reader()).open() as page:
            page.upload(state.IMPORT_RUN, [("run.zip", content)])
            hold(PIXEL in page.text() or "no dataset of Thaw" in page.text(), "It was not tried.")
            _no_picture(page)
            for name in SHOW_RUNS:
                with Visitor(target, name, page.query).open() as next_:
                    _no_picture(next_)
    # The next attack meets a home without them.
    store = RunStore(target.home / "runs")
    for run in [run for run in store if run.imported and read_meta(run.folder).name == PIXEL]:
        store.delete(run.id)
    hold(not [run for run in store if run.config.dataset == PIXEL], "It was taken in.")
    return "the dataset is refused, and the name is text"


@attack(alone=True, short=False)
def a_foreign_certificate_at_the_engine(target: Target) -> str:
    """A program with a certificate of its own, and one with none, asks the engine's ports."""
    from distributed import Security

    with Visitor(target, "training_lab", reader=new_reader()).open():
        until(lambda: len(_ports(target)) >= 2, "the engine has opened its ports")
        foreign = Security.temporary().get_tls_config_for_role("client")
        tried = 0
        for port in _ports(target):
            for certificate in (True, False):
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                if certificate:
                    _use(context, foreign)
                tried += 1
                hold(not _talks(port, context), f"Port {port} talks to a foreign certificate.")
    return f"{tried} handshakes refused on {tried // 2} ports"


def recorded(class_names: Any) -> Run:
    """The recorded run, with other class names and a hostile name."""
    config = runs.make_config(strategy="feature_extraction", seed=runs.RECORDED_SEED)
    run = RunStore().open(runs.run_id(config))
    assert run
    return replace(run, result={**run.result, "class_names": list(class_names)})


def _notebook_code(run: Run) -> str:
    cells = json.loads(keras_run.notebook(run))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def _shape(code: str) -> str:
    """What a program does, without the strings in it."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
        elif isinstance(node, ast.List) and all(
            isinstance(each, ast.Constant) for each in node.elts
        ):
            node.elts = []
    return ast.dump(tree)


def _executed(code: str) -> str:
    """What a program prints up to where it would read images or import what Thaw may not need."""
    said = io.StringIO()
    with redirect_stdout(said):
        for node in ast.parse(code).body:
            if isinstance(node, ast.Assign | ast.Expr):
                part = ast.Module([node], [])
                try:
                    exec(compile(part, "generated", "exec"), {})
                except (NameError, ImportError):
                    continue
    return said.getvalue()


def run_file(run: Run, config: TrainConfig, meta: dict[str, str]) -> bytes:
    """The file of a run of another configuration, with a name and a note."""
    files = {
        "config.json": asdict(config),
        "result.json": {
            **run.result,
            "run_id": runs.run_id(config),
            "command": command.command(config),
        },
        "meta.json": {**meta, "imported": False},
    }
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(bundle.export_run(run))) as before,
        zipfile.ZipFile(content, "w") as archive,
    ):
        for name in {*before.namelist(), *files}:
            data = json.dumps(files[name]).encode() if name in files else before.read(name)
            archive.writestr(name, data)
    return content.getvalue()


def _no_picture(page: Visitor) -> None:
    """Markdown for the picture stands nowhere but in code."""
    for kind, element in page.elements.values():
        for field in ("body", "label", "help"):
            text = getattr(element, field, "")
            if isinstance(text, str) and kind not in ("text", "code", "text_input", "text_area"):
                hold(PIXEL not in text.replace(f"`{PIXEL}`", ""), f"{kind}.{field}: {text[:200]}")


def _ports(target: Target) -> list[int]:
    """The ports on which the engine and its workers listen."""
    found = []
    for process in target.process.children(recursive=True):
        try:
            connections = process.net_connections("tcp")
        except psutil.Error:
            continue
        for each in connections:
            if each.status == psutil.CONN_LISTEN:
                hold(each.laddr.ip in ("127.0.0.1", "::1"), f"{each.laddr} is open to others.")
                found.append(each.laddr.port)
    return sorted(set(found))


def _use(context: ssl.SSLContext, foreign: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="thaw-attack-") as name:
        for part in ("cert", "key"):
            (Path(name) / part).write_text(foreign[part])
        context.load_cert_chain(Path(name) / "cert", Path(name) / "key")


def _talks(port: int, context: ssl.SSLContext) -> bool:
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        try:
            with context.wrap_socket(plain) as secure:
                # With TLS 1.3 the other side says what it thinks of a certificate afterwards.
                secure.settimeout(5)
                secure.sendall(b"\x01" + bytes(7))
                return bool(secure.recv(1))
        except OSError:
            return False
