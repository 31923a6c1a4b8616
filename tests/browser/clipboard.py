"""The clipboard, as a browser has it over HTTPS and as it has it over plain HTTP."""

from playwright.sync_api import Page


def over_plain_http(page: Page) -> None:
    """Take the clipboard API away from pages that are opened from now on."""
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")


def pasted(page: Page) -> str:
    """What the clipboard holds: typed with the keyboard into a field of the page's own."""
    field = page.evaluate_handle("document.body.appendChild(document.createElement('textarea'))")
    field.evaluate("field => field.focus()")
    page.keyboard.press("Control+V")
    return str(field.evaluate("field => field.value"))
