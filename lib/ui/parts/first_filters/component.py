"""The first filters of a network as pictures, grouped by what they are."""

from typing import Any

import numpy as np

from lib.core.features.filters import Filters
from lib.core.features.looks import ANSWER_COLUMNS
from lib.ui.parts import base
from lib.ui.parts.feature_maps import payload as drawing

_COMPONENT = base.component("first_filters", '<section class="first-filters"></section>')


def payload(shown: Filters, answers: bytes | None = None) -> dict[str, Any]:
    """Describe the first filters: each kernel from -1 to 1, what it is, and its answer.

    Args:
        shown: The filters.
        answers: Their answers to the image, as tiles of a WebP file; None for none.
    """
    kernels = np.moveaxis(shown.kernel, 3, 0).reshape(shown.kernel.shape[3], 27)
    full = np.abs(kernels).max(axis=1, keepdims=True)
    silent = np.array([kind.name == "silent" for kind in shown.kinds])[:, np.newaxis]
    # A filter that says nothing would look like one that does if it were scaled up.
    scaled = kernels / np.where(silent, np.abs(kernels).max(), np.where(full > 0, full, 1))
    return {
        "kinds": [vars(kind) for kind in shown.kinds],
        "kernels": np.round(scaled, 3).tolist(),
        "answers": drawing.data_uri(answers) if answers else None,
        "columns": ANSWER_COLUMNS,
        "rows": len(kernels) // ANSWER_COLUMNS,
    }


def show(shown: Filters, key: str, answers: bytes | None = None) -> None:
    """Draw filters; the arguments but `key`, the place on the page, are those of `payload`."""
    _COMPONENT(key=key, data=payload(shown, answers), height="content")
