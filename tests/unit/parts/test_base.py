"""A component is one script: a module after the modules that it imports."""

import re
from pathlib import Path

import pytest

from lib.ui.parts import base
from tests.js import export_vectors

MAINS = sorted(Path(base.__file__).parent.glob("*/main.js"))
NAMES = re.compile(r"^(?:export )?(?:async )?(?:function|const|let) (\w+)", re.MULTILINE)


@pytest.mark.parametrize("main", MAINS, ids=lambda main: main.parent.name)
def test_a_script_imports_nothing_and_has_each_name_once(main: Path) -> None:
    script = base.script(main)
    names = NAMES.findall(script)
    assert not re.search(r"^import\b", script, re.MULTILINE)
    assert len(names) == len(set(names))
    assert script.count("export default function") == 1


def test_a_module_stands_once_and_before_those_that_import_it(tmp_path: Path) -> None:
    modules = {
        "part/main.js": 'import {\n  a,\n} from "./a.js"\nimport { b } from "../base.js"\nmain()\n',
        "part/a.js": 'import { b } from "../base.js"\n\nexport const a = b\n',
        "base.js": "export const b = 1\n",
    }
    (tmp_path / "part").mkdir()
    for name, text in modules.items():
        (tmp_path / name).write_text(text, "utf-8")
    script = base.script(tmp_path / "part/main.js")
    assert " ".join(script.split()) == "export const b = 1 export const a = b main()"


def test_the_javascript_is_tested_with_what_python_says_today() -> None:
    assert export_vectors.FILE.read_text("utf-8") == export_vectors.text()
