"""How a value gets into generated code: as a literal, or through a filter that refuses more."""

import ast
from pathlib import Path

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.code import templates
from lib.core.errors import ConfigError

ROOM = Path(templates.__file__).parent
HOSTILE = ('"""', '"', "\\", "\n", "{x}", "#\r", "`", ";", "$", "\u2028")


def rendered(source: str, **values: object) -> str:
    return templates._ENVIRONMENT.from_string(source).render(values)


@given(st.text() | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, width=16))
def test_a_value_is_written_as_the_literal_that_python_reads_back(value):
    if value in (float("inf"), float("-inf")):
        return
    assert ast.literal_eval(templates.literal(value)) == value


@given(st.lists(st.text(max_size=30), max_size=20))
def test_a_list_is_read_back_whether_it_fits_on_a_line_or_not(values):
    assert ast.literal_eval(templates.literal(values)) == values


def test_a_long_list_stands_on_lines_that_are_not_too_long():
    lines = templates.literal([f"class {number}" for number in range(40)]).splitlines()
    assert lines[0] == "["
    assert lines[-1] == "]"
    assert 80 < max(map(len, lines)) <= templates.LINE_LENGTH


@pytest.mark.parametrize("value", [object(), {"a": 1}, b"x", [{}], 1j])
def test_what_is_no_plain_value_becomes_no_code(value):
    with pytest.raises(TypeError):
        templates.literal(value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ x }}",
        "{{ x | safe }}",
        "{{ x | string }}",
        "{{ x ~ '' }}",
        "{{ x | replace('a', 'b') }}",
    ],
)
def test_a_template_has_no_way_to_insert_text_as_it_is(source):
    text = '"); import os; ("'
    assert ast.literal_eval(rendered(source, x=text)) == text


def test_code_keeps_nothing_of_its_kind_once_text_is_added():
    assert rendered("{{ x ~ y }}", x=templates.Code("f("), y='"') == '"f(\\""'


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("filter_", ["words", "name"])
def test_words_and_names_refuse_what_could_end_a_comment_or_a_string(filter_, text):
    with pytest.raises(ConfigError, match="cannot stand in code"):
        rendered(f"{{{{ x | {filter_} }}}}", x=f"a{text}")


def test_words_and_names_let_pass_what_titles_and_modules_need():
    assert (
        rendered("# {{ x | words }}", x="Größe: 1,000 (a/b), it's") == "# Größe: 1,000 (a/b), it's"
    )
    assert rendered("{{ x | name }}()", x="layer4.2.conv3") == "layer4.2.conv3()"
    for refused in ("", "4a", "a b", "a()"):
        with pytest.raises(ConfigError):
            templates.name(refused)


@pytest.mark.parametrize(
    "source", ["{{ missing }}", "{% if missing %}{% endif %}", "{{ x.missing }}"]
)
def test_a_missing_value_is_an_error(source):
    with pytest.raises(jinja2.UndefinedError):
        rendered(source, x=1)


def test_code_is_made_only_of_constants():
    """So nothing that comes from outside can be inserted as it is."""
    found = 0
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Code"):
                checked = path.name == "templates.py" and ast.unparse(node) == "Code(text)"
                assert checked or isinstance(node.args[0], ast.Constant), path
                found += 1
    assert found > 1


def test_every_template_is_one_that_a_module_renders():
    sources = "".join(path.read_text("utf-8") for path in ROOM.glob("*.py"))
    names = [path.name for path in (ROOM / "templates").iterdir()]
    assert len(names) == 5
    assert all(f'"{name}"' in sources for name in names)
