"""The pooling page in a browser: by mouse, by keyboard, on a narrow screen, with a slow server."""

import re
from collections.abc import Callable
from math import floor

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, WebSocket, WebSocketRoute, expect

from lib.core.maps.board import EXAMPLES, Board
from tests.browser import readable
from tests.speeds import schemes

VISITS = 3
MOVED_LIMIT_BYTES = 1_000_000
FIRST = EXAMPLES["one_hot"].board
# Everything below the maps, as a link opens it.
ANSWERED = "?saves=true&flatten=true&accuracy=true&why=true"


def open_page(page: Page, app_url: str, link: str = "") -> None:
    page.goto(f"{app_url}/global_average_pooling{link}")
    expect(cell(page, 1, 1, 1)).to_be_visible()
    expect(page.get_by_text("The code behind these numbers")).to_be_visible()


def cell(page: Page, channel: int, row: int, column: int) -> Locator:
    name = f"Channel {channel}, row {row}, column {column}"
    return page.get_by_role("textbox", name=name, exact=True)


def averages(page: Page) -> Locator:
    return page.locator(".board .column:not(.result) .average strong")


def vector(page: Page, name: str) -> Locator:
    return page.locator(".board .vector").filter(has_text=re.compile(f"^{name}"))


def words(number: float) -> str:
    """A number as the board writes it: two decimals, halves upward."""
    return f"{floor(number * 100 + 0.5) / 100 + 0:g}".replace("-", "−")


def expect_painted(page: Page, board: Board) -> None:
    """The board shows what lib.core.pooling says."""
    expect(averages(page)).to_have_text([words(number) for number in board.averages])
    expect(page.locator(".board .max strong")).to_have_text(
        [words(number) for number in board.maxima]
    )
    expect(page.locator(".board .result .cell")).to_have_text(
        [words(number) for number in board.activation_map]
    )
    expect(page.locator(".board .logit")).to_have_text(words(board.logit))
    expect(vector(page, "Flatten").locator(".tile")).to_have_text(
        [words(number) for number in board.values]
    )


def expect_numbers(page: Page, board: Board) -> None:
    """The board shows what lib.core.pooling says, and the server has said so too."""
    expect_painted(page, board)
    confirmed(page)


def confirmed(page: Page) -> None:
    shown = page.locator(".board")
    expect(shown).not_to_have_attribute("data-pending", "")
    expect(shown).not_to_have_attribute("data-disagrees", re.compile("."))


def with_cell(board: Board, channel: int, row: int, column: int, value: float) -> Board:
    values = list(board.values)
    values[((row - 1) * board.width + column - 1) * board.channels + channel - 1] = value
    return Board(board.height, board.width, tuple(values), board.weights, board.bias)


@pytest.mark.thorough
def test_maps_averages_and_logit_are_above_the_fold(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    for part in (*page.locator(".board .map").all(), *page.locator(".board .average").all()):
        expect(part).to_be_in_viewport(ratio=1)
    expect(page.locator(".board .logit")).to_be_in_viewport(ratio=1)
    expect_numbers(page, FIRST)


@pytest.fixture
def kept(kept_page: Page, app_url: str) -> Page:
    """The page with its first example and the number 9 to paint with, as it opens."""
    # The board of the test before is in the address, and is set back below.
    if "/global_average_pooling" not in kept_page.url:
        open_page(kept_page, app_url)
    kept_page.mouse.move(0, 0)
    kept_page.get_by_role("radio", name="9", exact=True).check(force=True)
    kept_page.get_by_role("button", name="One large number").click()
    expect_numbers(kept_page, FIRST)
    return kept_page


@pytest.mark.thorough
def test_a_click_paints_a_cell_and_a_second_click_clears_it(kept: Page) -> None:
    cell(kept, 1, 1, 1).click()
    expect_numbers(kept, with_cell(FIRST, 1, 1, 1, 9))
    expect(kept.get_by_text("Its average changed by 9 / 9 = 1")).to_be_visible()
    cell(kept, 1, 1, 1).click()
    expect_numbers(kept, FIRST)


def test_a_stroke_paints_every_cell_on_its_way(kept: Page) -> None:
    kept.get_by_role("radio", name="3", exact=True).check(force=True)
    boxes = [cell(kept, 2, row, 1).bounding_box() for row in (1, 2, 3)]
    centres = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes if box]
    kept.mouse.move(*centres[0])
    kept.mouse.down()
    for centre in centres[1:]:
        kept.mouse.move(*centre, steps=4)
    kept.mouse.up()
    board = FIRST
    for row in (1, 2, 3):
        board = with_cell(board, 2, row, 1, 3)
    expect_numbers(kept, board)
    expect(kept.get_by_text("3 cells changed")).to_be_visible()


@pytest.mark.thorough
def test_a_number_is_typed_in_place(kept: Page) -> None:
    cell(kept, 1, 3, 3).fill("-1,5")
    expect_numbers(kept, with_cell(FIRST, 1, 3, 3, -1.5))


@pytest.mark.thorough
def test_what_is_no_number_changes_nothing_and_goes_away(kept: Page) -> None:
    cell(kept, 1, 2, 2).fill("nine")
    expect(cell(kept, 1, 2, 2)).to_have_attribute("aria-invalid", "true")
    cell(kept, 1, 1, 1).focus()
    expect(cell(kept, 1, 2, 2)).to_have_value("9")
    expect_numbers(kept, FIRST)


def test_the_keyboard_walks_paints_counts_and_crosses_into_the_next_channel(kept: Page) -> None:
    cell(kept, 1, 1, 1).focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        kept.keyboard.press(key)
    expect(cell(kept, 1, 2, 3)).to_be_focused()
    kept.keyboard.press("Space")
    board = with_cell(FIRST, 1, 2, 3, 9)
    expect_numbers(kept, board)
    kept.keyboard.press("ArrowRight")
    expect(cell(kept, 2, 2, 1)).to_be_focused()
    kept.keyboard.press("PageUp")
    kept.keyboard.press("PageUp")
    expect_numbers(kept, with_cell(board, 2, 2, 1, 3))
    kept.keyboard.type("7")
    expect_numbers(kept, with_cell(board, 2, 2, 1, 7))


@pytest.mark.thorough
def test_every_control_is_reached_by_the_tab_key(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    page.get_by_role("button", name="One large number").focus()
    names = set()
    for _ in range(24):
        page.keyboard.press("Tab")
        names.add(
            page.evaluate(
                """() => {
                  let found = document.activeElement
                  while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement
                  return found.ariaLabel ?? found.getAttribute("aria-label") ?? found.innerText
                }"""
            )
        )
    wanted = {"Height", "Width", "Channels", "Shift left", "Shift right", "Bias"}
    wanted |= {"Weight of channel 1", "Weight of channel 2", "Two meanings"}
    wanted |= {"Channel 1, row 1, column 1", "Channel 2, row 1, column 1"}
    assert wanted <= names


@pytest.mark.thorough
def test_a_shift_changes_what_flatten_sees_and_no_average(kept: Page) -> None:
    kept.get_by_role("button", name="Shifted pattern").click()
    board = EXAMPLES["shifted"].board
    expect_numbers(kept, board)
    kept.get_by_role("button", name="Shift right").click()
    expect_numbers(kept, board.shifted(0, 1))
    changed = sum(a != b for a, b in zip(board.values, board.shifted(0, 1).values, strict=True))
    expect(vector(kept, "Flatten").locator(".changed")).to_have_count(changed)
    expect(vector(kept, "Flatten")).to_contain_text(f"{changed} changed")
    for pooled in ("Max", "Average"):
        expect(vector(kept, pooled).locator(".changed")).to_have_count(0)
        expect(vector(kept, pooled)).not_to_contain_text("changed")


@pytest.mark.thorough
def test_every_example_is_what_core_says(kept: Page) -> None:
    for example in EXAMPLES.values():
        kept.get_by_role("button", name=example.title).click()
        expect(kept.get_by_text(example.lesson)).to_be_visible()
        expect_numbers(kept, example.board)


@pytest.mark.thorough
def test_a_larger_map_is_a_longer_vector_for_flatten_alone(kept: Page) -> None:
    kept.get_by_role("button", name="More height").click()
    expect(vector(kept, "Flatten")).to_contain_text("24 numbers")
    expect(vector(kept, "Flatten")).to_contain_text("24 + 1 = 25 parameters")
    expect(vector(kept, "Average")).to_contain_text("2 numbers")
    expect(kept.get_by_text("its Dense layer no longer fits")).to_be_visible()
    kept.get_by_role("spinbutton", name="Channels", exact=True).press("End")
    expect(averages(kept)).to_have_count(4)
    kept.get_by_role("spinbutton", name="Width", exact=True).press("Home")
    expect(vector(kept, "Flatten")).to_contain_text("16 numbers")
    confirmed(kept)


def test_a_weight_and_the_bias_change_the_class_map_and_the_logit_and_no_average(
    kept: Page,
) -> None:
    kept.get_by_role("textbox", name="Weight of channel 2").fill("-0.5")
    board = Board(3, 3, FIRST.values, (1, -0.5), 0)
    expect_numbers(kept, board)
    kept.get_by_role("textbox", name="Bias").press("ArrowUp")
    expect_numbers(kept, Board(3, 3, FIRST.values, (1, -0.5), 1))


@pytest.mark.thorough
def test_both_ways_to_the_logit_are_written_out_and_agree(kept: Page) -> None:
    kept.get_by_role("button", name="Two meanings").click()
    both = kept.locator(".board .identity b")
    expect(both).to_have_count(2)
    expect(both.nth(0)).to_have_text(words(EXAMPLES["meanings"].board.logit))
    expect(both.nth(1)).to_have_text(words(EXAMPLES["meanings"].board.logit))


@pytest.mark.thorough
def test_a_channel_is_written_out_as_a_sum_of_its_cells(kept: Page) -> None:
    kept.get_by_role("button", name=re.compile("Channel 1")).click()
    expect(kept.locator(".board .sum")).to_have_text(
        "( 0 + 0 + 0 + 0 + 9 + 0 + 0 + 0 + 0 ) / 9 = 9 / 9 = 1"
    )
    kept.get_by_role("button", name=re.compile("Channel 2")).click()
    expect(kept.locator(".board .sum")).to_have_text(
        "( 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 ) / 9 = 9 / 9 = 1"
    )
    kept.get_by_role("button", name="Class map").click()
    expect(kept.locator(".board .sum")).to_contain_text("= 18 / 9 = 2")


def test_a_channel_opens_its_average_and_what_is_open_stays(kept: Page) -> None:
    answer = kept.locator(".board .bars")
    if answer.is_visible():
        kept.get_by_text("How is a channel averaged?").click()
    expect(answer).to_be_hidden()
    kept.get_by_role("button", name=re.compile("Channel 2")).click()
    expect(answer).to_be_visible()
    cell(kept, 1, 1, 1).click()
    confirmed(kept)
    expect(answer).to_be_visible()


@pytest.mark.thorough
def test_the_address_is_a_link_to_the_board(page: Page, second_page: Page, app_url: str) -> None:
    open_page(page, app_url)
    page.get_by_role("button", name="Two meanings").click()
    confirmed(page)
    expect(page).to_have_url(re.compile(r"board=meanings$"))
    board = EXAMPLES["meanings"].board
    cell(page, 1, 1, 1).fill("-1.5")
    page.get_by_role("textbox", name="Bias").fill("3")
    confirmed(page)
    expect(page).to_have_url(re.compile("~3$"))
    painted = Board(board.height, board.width, (-1.5, *board.values[1:]), board.weights, 3)
    expect_numbers(page, painted)
    second_page.goto(page.url)
    expect_numbers(second_page, painted)


@pytest.mark.thorough
def test_a_cell_and_an_average_show_where_they_belong(kept: Page) -> None:
    cell(kept, 1, 2, 2).hover()
    expect(kept.locator(".board .term.traced")).to_have_text("9")
    expect(vector(kept, "Flatten").locator(".traced")).to_have_text("9")
    expect(kept.locator(".board .result .traced")).to_have_text("10")
    kept.locator(".board .max").first.hover()
    expect(kept.locator(".board input.traced")).to_have_count(1)
    kept.locator(".board .average").first.hover()
    expect(kept.locator(".board input.traced")).to_have_count(9)


@pytest.mark.thorough
def test_the_board_is_kept_while_the_reader_looks_elsewhere(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    cell(page, 1, 1, 1).fill("5")
    confirmed(page)
    page.get_by_role("link", name="Home", exact=True).click()
    expect(page.get_by_role("heading", name="Thaw", level=1)).to_be_visible()
    page.get_by_role("link", name="Global average pooling").first.click()
    expect_numbers(page, with_cell(FIRST, 1, 1, 1, 5))


def test_an_edit_is_on_screen_before_the_server_has_heard_of_it(page: Page, app_url: str) -> None:
    """How many milliseconds it takes is measured by lib.tools.measure_ui."""
    cut_off, held = False, []

    def between(browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()
        browser.on_message(
            lambda said: held.append((server, said)) if cut_off else server.send(said)
        )

    page.route_web_socket(re.compile("/_stcore/stream"), between)
    open_page(page, app_url)
    cut_off = True
    board = FIRST
    for value in (9, 4, 9, 7):
        if value == 9:
            cell(page, 1, 1, 1).click()
        else:
            cell(page, 1, 1, 1).press(str(value))
        board = with_cell(board, 1, 1, 1, value)
        expect_painted(page, board)
        expect(page.locator(".board")).to_have_attribute("data-pending", "")
    assert held
    cut_off = False
    for server, said in held:
        server.send(said)
    expect_numbers(page, board)


@pytest.mark.thorough
def test_the_page_opens_complete_and_light_after_the_first_visit(page: Page, app_url: str) -> None:
    """How many seconds it takes is measured by lib.tools.measure_ui."""
    moved = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: moved.append(len(data)))

    page.on("websocket", listen)
    page.on("response", lambda answer: moved.append(int(answer.headers.get("content-length", 0))))
    open_page(page, app_url, ANSWERED)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    for _ in range(VISITS):
        page.get_by_role("link", name="Home", exact=True).click()
        expect(page.get_by_role("heading", name="Thaw", level=1)).to_be_visible()
        expect(page.locator(".board")).to_have_count(0)
        moved.clear()
        page.get_by_role("link", name="Global average pooling").first.click()
        expect(page.locator(".board .logit")).to_be_visible()
        expect(page.get_by_text("The code behind these numbers")).to_be_visible()
        page.get_by_text("How many parameters does it save?").click()
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        assert 0 < sum(moved) < MOVED_LIMIT_BYTES


@pytest.mark.thorough
@schemes
def test_axe_finds_nothing_serious_on_the_board(
    new_context: Callable[..., BrowserContext], app_url: str, scheme: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    # axe judges the contrast of what is in view only.
    page.set_viewport_size({"width": 1280, "height": 7000})
    open_page(page, app_url, f"{ANSWERED}&see=decision")
    expect(page.locator(".js-plotly-plot")).to_have_count(8)
    page.get_by_role("button", name="Two meanings").click()
    for question in page.locator("section details summary").all():
        question.click()
    page.get_by_role("button", name="Shift right").click()
    confirmed(page)
    readable.expect_nothing_serious(page)


@pytest.mark.thorough
def test_the_board_follows_the_width_of_the_window_after_an_edit(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    cell(page, 1, 1, 1).click()
    confirmed(page)
    expect(page.locator(".board")).not_to_have_class(re.compile("narrow"))
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.locator(".board")).to_have_class(re.compile("narrow"))


@pytest.mark.thorough
@schemes
def test_a_narrow_screen_shows_maps_averages_and_controls_without_scrolling_sideways(
    new_context: Callable[..., BrowserContext], app_url: str, scheme: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    page.set_viewport_size({"width": 400, "height": 800})
    open_page(page, app_url, ANSWERED)
    for side in ("height", "width", "channels"):
        page.get_by_role("button", name=f"More {side}").click()
    cell(page, 3, 4, 4).click()
    expect(averages(page)).to_have_text(["0.56", "0.56", "0.56"])
    for part in (*page.locator(".board .map").all(), *page.locator(".board .average").all()):
        box = part.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 400
    for each in ("html", "[data-testid='stMain']", "[data-testid='stMainBlockContainer']"):
        assert page.locator(each).evaluate("e => e.scrollWidth <= e.clientWidth"), each
