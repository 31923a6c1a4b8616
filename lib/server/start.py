"""How the server starts and ends: what `app.py` hands to Streamlit."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import psutil
import streamlit
from starlette.middleware import Middleware
from streamlit import cli_util, config
from streamlit.runtime import Runtime
from streamlit.web.server import server_util

from lib.core import limits
from lib.core.errors import ConfigError
from lib.core.files import home
from lib.core.lab import lecturer
from lib.server import headers, messages, origins
from lib.server.budget import Budget, Sweeper, UploadedFiles
from lib.server.gate import Gate

EVERYWHERE = ("0.0.0.0", "::")


def middleware() -> list[Middleware]:
    """What every request passes before Streamlit sees it.

    A server that others can reach has the limits of a room (lib/core/limits.py).
    """
    served_at = config.get_option("browser.serverAddress")
    allowed = origins.from_settings(
        config.get_option("server.address"),
        config.get_option("server.allowedHosts"),
        served_at if config.is_manually_set("browser.serverAddress") else None,
        config.get_option("server.corsAllowedOrigins"),
    )
    limits.use_for(config.get_option("server.address") or "")
    try:
        figures = limits.current()
    except ConfigError as error:
        sys.exit(f"{error.message} {error.next_step}")
    uploads = Budget(figures.uploads_mb_each * limits.MB, figures.uploads_mb * limits.MB, _files)
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    return [
        Middleware(
            Gate,
            budget=uploads,
            origins=allowed,
            headers=headers.security_headers(index),
            max_file_bytes=config.get_option("server.maxUploadSize") * 1024 * 1024,
            max_tabs=figures.tabs,
        )
    ]


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[dict[str, Any] | None]:
    """From the start of the server to its end."""
    _allow_many_connections()
    messages.send_all()
    home.keep_private()
    _greet()
    _say_key()
    sweeper = asyncio.create_task(Sweeper(Runtime.instance(), _files(), time.monotonic).run())
    try:
        yield None
    finally:
        sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await sweeper


def _files() -> UploadedFiles:
    return cast(UploadedFiles, Runtime.instance().uploaded_file_mgr)


def _greet() -> None:
    """Say where Thaw is, and open it where Streamlit would.

    Streamlit's own greeting asks the network for the external address of this machine.
    """
    address = config.get_option("server.address") or EVERYWHERE[0]
    if config.is_manually_set("browser.serverAddress"):
        urls = [server_util.get_url(config.get_option("browser.serverAddress"))]
    elif address in EVERYWHERE:
        urls = [server_util.get_url(name) for name in ("localhost", *_own_addresses())]
    else:
        urls = [server_util.get_url(address)]
    print("\n  Thaw is ready:\n", *(f"    {url}" for url in urls), "", sep="\n", flush=True)
    if not config.get_option("server.headless"):
        cli_util.open_browser(urls[0])


def _say_key() -> None:
    """Say the key with which whoever started the server looks after the runs of all readers."""
    print(
        f"  To look after the runs of all readers: {lecturer.HERE.key}\n"
        "  (page Learning curves, Manage; keep it off the projector)\n",
        flush=True,
    )


def _own_addresses() -> list[str]:
    """The addresses of this machine in its networks; asks nobody."""
    return [
        each.address
        for interface in psutil.net_if_addrs().values()
        for each in interface
        if each.family.name == "AF_INET" and not each.address.startswith("127.")
    ]


def _allow_many_connections() -> None:
    """Take as many connections at once as this account may.

    The soft limit is often 1,024 open files. A client that opens as many connections and says
    nothing would keep the server from opening a file.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65_536)), hard))
