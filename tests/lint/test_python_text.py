"""What the Python package must not do: reach the network, store code, print, or reach into another module.

The command may print: that is what it is for. A module's names that begin with an underscore are its own; what two modules
need has a name without one. numpy is all that a bare installation has, so nothing else is imported before it is needed; the
report stands on its extra as a whole.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tree import ROOT

NETWORK = {
    "socket",
    "socketserver",
    "ssl",
    "http",
    "urllib",
    "ftplib",
    "smtplib",
    "xmlrpc",
    "asyncio",
    "requests",
    "httpx",
    "aiohttp",
}
CODE = {"pickle", "marshal", "shelve", "cloudpickle", "dill", "joblib", "runpy"}
RUNNING = {"eval", "exec", "compile", "__import__", "breakpoint"}
PRINTING = {"print", "input"}
MAY_PRINT = {"__main__.py"}
NEEDED = {"numpy", "patron"}
EXTRAS = {"report"}  # folders that are imported only with what they need


def imported(node: ast.AST) -> list[tuple[str, str]]:
    """(module, name in it or "") of an import."""
    if isinstance(node, ast.Import):
        return [(alias.name, "") for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [("." * node.level + (node.module or ""), alias.name) for alias in node.names]
    return []


def at_once(tree: ast.Module) -> set[ast.AST]:
    """The imports that run with the module: those outside functions and outside `if TYPE_CHECKING`."""
    found: set[ast.AST] = set()
    queue: list[ast.AST] = [tree]
    while queue:
        node = queue.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            queue += node.orelse
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.add(node)
        queue += ast.iter_child_nodes(node)
    return found


def file_violations(place: Path, text: str) -> list[str]:
    tree = ast.parse(text)
    early = at_once(tree)
    found = []
    for node in ast.walk(tree):
        where = f"{place}:{getattr(node, 'lineno', 0)}"
        for module, name in imported(node):
            top = module.split(".")[0]
            if module.startswith("."):
                found.append(f"{where}: imports {module}; name the module in full")
            elif top in NETWORK:
                found.append(f"{where}: imports {module}, which reaches the network")
            elif top in CODE:
                found.append(f"{where}: imports {module}, which stores or runs code")
            elif top == "patron" and name.startswith("_") and name != "_core" and module != "patron._core":
                found.append(f"{where}: imports {name}, which is {module}'s own")
            elif node in early and top not in sys.stdlib_module_names | NEEDED and place.parts[0] not in EXTRAS:
                found.append(f"{where}: imports {module} with the module; import it where it is needed")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in RUNNING:
                found.append(f"{where}: calls {node.func.id}")
            elif node.func.id in PRINTING and place.name not in MAY_PRINT:
                found.append(f"{where}: calls {node.func.id}; nothing prints on its own")
    return found


def test_the_package_neither_reaches_out_nor_prints_nor_runs_code() -> None:
    package = ROOT / "python/patron"
    found = []
    for path in sorted(package.rglob("*.py")):
        found += file_violations(path.relative_to(package), path.read_text(encoding="utf-8"))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "import urllib.request",
        "def f():\n    from http import client",
        "import pickle",
        "from patron.frames import _parts",
        "from patron import _hidden",
        "from . import log",
        "import pandas as pd",
        "try:\n    import pyarrow\nexcept ImportError:\n    pass",
        "def f():\n    print(1)",
        "x = eval('1')",
    ],
)
def test_each_fault_is_seen(text: str) -> None:
    assert len(file_violations(Path("log.py"), text)) == 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "log.py",
            "import os\nimport numpy as np\nfrom patron import _core\nfrom patron.frames import parts\n",
        ),
        ("log.py", "def f():\n    import pandas\n    return pandas"),
        ("log.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas"),
        ("log.py", "def f(x):\n    return x.print(x.eval)"),
        ("__main__.py", "print(1)"),
    ],
)
def test_what_is_allowed_passes(file: str, text: str) -> None:
    assert file_violations(Path(file), text) == []
