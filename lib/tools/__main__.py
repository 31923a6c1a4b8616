"""Lists the tools, one line each: `python -m lib.tools`."""

import ast
from pathlib import Path


def tools() -> dict[str, str]:
    """Name of each tool -> first line of its docstring, read without importing the tool."""
    found = {}
    here = Path(__file__).parent
    for path in [*here.glob("[!_]*.py"), *here.glob("[!_]*/__main__.py")]:
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        name = path.parent.name if path.stem == "__main__" else path.stem
        found[name] = docstring.partition("\n")[0]
    return dict(sorted(found.items()))


def main() -> None:
    """Print the list."""
    known = tools()
    width = max(map(len, known))
    for name, line in known.items():
        print(f"{name:{width}}  {line}")
    print("\npython -m lib.tools.<name> --help says more about one of them.")


if __name__ == "__main__":
    main()
