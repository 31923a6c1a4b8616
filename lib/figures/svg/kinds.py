"""Small pictures of kinds of images for which no example ships with Thaw: drawn for it."""

# Kind of images -> what is on a square of 30 by 30.
_DRAWN = {
    # Two dogs of different breeds, told apart by their ears.
    "detail": """
        <rect width="30" height="30" fill="#cfe3c4"/>
        <circle cx="9" cy="17" r="6" fill="#b5793f"/><path d="M3 15l1-9 5 5zM15 15l-1-9-5 5z"
        fill="#8a5626"/><circle cx="7" cy="16" r="1"/><circle cx="11" cy="16" r="1"/>
        <circle cx="21" cy="17" r="6" fill="#e9dcc6"/><path d="M15 12q-3 6 0 10q3-3 2-9zM27 12q3 6 0
        10q-3-3-2-9z" fill="#b29b78"/><circle cx="19" cy="16" r="1"/><circle cx="23" cy="16" r="1"/>
    """,
    # Fields, a river and a road from above.
    "satellite": """
        <rect width="30" height="30" fill="#8fae6b"/><path d="M0 0h13v12H0z" fill="#c6b36f"/>
        <path d="M15 0h15v9H15z" fill="#6f8f4e"/><path d="M18 17h12v13H18z" fill="#a99757"/>
        <path d="M-2 22Q8 12 14 18T32 12" stroke="#4b7fa8" stroke-width="4" fill="none"/>
        <path d="M14 0v30" stroke="#e8e4da" stroke-width="1.5"/>
    """,
    # Stained cells.
    "microscope": """
        <rect width="30" height="30" fill="#f4e3ea"/>
        <g fill="#d99ab5" stroke="#a8577d"><circle cx="8" cy="9" r="6"/><circle cx="22" cy="8"
        r="5"/><circle cx="12" cy="23" r="5.5"/><circle cx="25" cy="22" r="5"/></g>
        <g fill="#5d2a6b"><circle cx="9" cy="9" r="2.2"/><circle cx="22" cy="9" r="1.8"/>
        <circle cx="11" cy="23" r="2"/><circle cx="25" cy="21" r="1.8"/></g>
    """,
    # A number written by hand.
    "handwriting": """
        <rect width="30" height="30" fill="#000"/><path d="M6 9q3-5 6 0q1 5-6 13h8M18 8h7q-5 5-4
        6q5 0 4 5q-3 5-8 2" stroke="#fff" stroke-width="2.6" fill="none" stroke-linecap="round"/>
    """,
    # Sound over time.
    "spectrogram": """
        <rect width="30" height="30" fill="#20124d"/>
        <path d="M0 25h30M0 21h12M16 21h14" stroke="#f6d743" stroke-width="3"/>
        <path d="M3 17h9M17 17h10M5 12h5M18 12h6" stroke="#e8743b" stroke-width="3"/>
        <path d="M6 7h3M20 7h3" stroke="#a43a73" stroke-width="3"/>
    """,
}
KINDS = tuple(_DRAWN)


def svg(kind: str) -> str:
    """A picture of a kind of images as a standalone SVG.

    Args:
        kind: One of KINDS.
    """
    drawn = " ".join(_DRAWN[kind].split())
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 30">{drawn}</svg>'
