"""Explain a word where it stands, and lead the keyboard into a page."""

from lib.ui import glossary
from lib.ui.parts import base


def _templates() -> str:
    """Return each term as a template, which the browser copies when the word is pointed at."""
    return "\n".join(
        f'<template data-term="{id_}"><strong>{each.title}</strong><p>{each.text}</p>'
        f'<svg viewBox="0 0 200 64" aria-hidden="true">{each.picture}</svg></template>'
        for id_, each in glossary.TERMS.items()
    )


_COMPONENT = base.component(
    "frame",
    f'<section class="frame"><div popover="manual" role="status"></div>{_templates()}</section>',
)


def show() -> None:
    """Draw nothing, and listen to the whole page."""
    _COMPONENT(key="frame", data={})
