"""The headers that go with every answer: what a browser must not do with our pages."""

import base64
import hashlib
import re
from pathlib import Path

INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def security_headers(index: Path) -> list[tuple[bytes, bytes]]:
    """Name and value of each.

    Args:
        index: The page that Streamlit serves at every address. The scripts that stand in it are
            allowed by their hash, no others are.
    """
    return [
        (b"x-frame-options", b"SAMEORIGIN"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"content-security-policy", _policy(index).encode()),
    ]


def _policy(index: Path) -> str:
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in INLINE_SCRIPT.findall(index.read_bytes())
    )
    parts = {
        "default-src": "'self'",
        # The scripts of inline components come as blobs.
        "script-src": f"'self' blob: {hashes}",
        # Streamlit and Plotly write styles into the page.
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'self' data: blob:",
        "connect-src": "'self' blob: data:",
        "worker-src": "'self' blob:",
        "frame-src": "'self'",
        "frame-ancestors": "'self'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
    }
    return "; ".join(f"{name} {value}".strip() for name, value in parts.items())
