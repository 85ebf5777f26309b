"""Includes go downward only: base, data, learn, rooms; a room never sees another room.

A public header belongs to the folder that bears its name, or else to the layer that has a file of its name; the rest is data.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tree import ROOT, includes

LAYERS = ["base", "data", "learn"]
STANDARD_C = {"stddef.h", "stdint.h", "stdbool.h", "limits.h"}


def rank(layer: str) -> int:
    return LAYERS.index(layer) if layer in LAYERS else len(LAYERS)


def public_layer(root: Path, name: str) -> str:
    stem = Path(name).stem
    if stem in LAYERS or (root / "csrc" / stem).is_dir():
        return stem
    with_file = [layer for layer in LAYERS if any((root / "csrc" / layer).glob(f"{stem}.[ch]"))]
    return with_file[0] if with_file else "data"


def target_layer(root: Path, path: Path, name: str) -> str | None:
    """The layer an include of a core file leads to; None: it leads nowhere."""
    for base in (path.parent, root / "csrc", root / "include"):
        file = base / name
        if ".." not in Path(name).parts and file.is_file():
            below = file.relative_to(root).parts
            return public_layer(root, name) if below[0] == "include" else below[1]
    return None


def violations(root: Path) -> list[str]:
    found: list[str] = []
    for path in sorted((root / "csrc").rglob("*.[ch]")):
        place = path.relative_to(root)
        layer = place.parts[1]
        if len(place.parts) < 3:
            found.append(f"{place}: a core file lies in the folder of its layer or room")
            continue
        for kind, name in includes(path):
            if kind == "<":
                if name.startswith(("patron", "numpy/")) or name in {"Python.h", "omp.h"}:
                    found.append(f"{place}: includes <{name}>")
                continue
            target = target_layer(root, path, name)
            if name == "patron.h":
                found.append(f"{place}: includes the umbrella; name the header of the layer")
            elif name.endswith(".c"):
                found.append(f"{place}: includes a C file, {name}")
            elif target is None:
                found.append(f'{place}: "{name}" is no header of the core (write it relative to csrc or include)')
            elif rank(target) > rank(layer) or (rank(target) == rank(layer) == len(LAYERS) and target != layer):
                found.append(f"{place}: {layer} includes {name} of {target}, which is not below it")
    for path in sorted((root / "include").rglob("*.h")):
        place = path.relative_to(root)
        layer = public_layer(root, path.name)
        for kind, name in includes(path):
            if kind == "<":
                if name not in STANDARD_C:
                    found.append(f"{place}: a public header includes <{name}>, which is not plain C")
            elif not name.startswith("patron/") or not (root / "include" / name).is_file():
                found.append(f'{place}: a public header includes "{name}", which is not public')
            elif path.name != "patron.h":
                target = public_layer(root, name)
                if rank(target) > rank(layer) or (rank(target) == rank(layer) == len(LAYERS) and target != layer):
                    found.append(f"{place}: {layer} includes {name} of {target}, which is not below it")
    ext = root / "python" / "ext"
    own = {header.name for header in ext.glob("*.h")}
    for path in sorted(ext.rglob("*.[ch]")):
        for kind, name in includes(path):
            public = name == "patron.h" or (name.startswith("patron/") and (root / "include" / name).is_file())
            if (kind == '"' and not public and name not in own) or name.endswith(".c"):
                found.append(f'{path.relative_to(root)}: the extension includes "{name}", which is not public')
    return found


def test_includes_go_downward_only() -> None:
    found = violations(ROOT)
    assert not found, "\n" + "\n".join(found)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


SOUND = {
    "include/patron/base.h": "#include <stdint.h>\n",
    "include/patron/log.h": '#include "patron/base.h"\n',
    "include/patron/churn.h": '#include "patron/log.h"\n',
    "include/patron/value.h": '#include "patron/log.h"\n',
    "include/patron.h": '#include "patron/churn.h"\n#include "patron/value.h"\n',
    "csrc/base/ctx.h": '#include "patron/base.h"\n',
    "csrc/data/column.h": '#include "base/ctx.h"\n#include "patron/log.h"\n',
    "csrc/learn/trees.c": '#include "data/column.h"\n',
    "csrc/churn/churn.c": '/* #include "value/value.h" */\n#include "data/column.h"\n#include "patron/churn.h"\n',
    "csrc/value/value.h": '#include "patron/value.h"\n',
    "python/ext/log.c": '#include "module.h"\n#include <Python.h>\n#include <patron.h>\n',
    "python/ext/module.h": '#include "patron.h"\n',
}


def test_a_sound_tree_passes(tmp_path: Path) -> None:
    write(tmp_path, SOUND)
    assert violations(tmp_path) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("csrc/base/ctx.h", '#include "data/column.h"\n'),
        ("csrc/base/ctx.h", '#include "patron/log.h"\n'),
        ("csrc/data/column.h", '#  include "patron/churn.h"\n'),
        ("csrc/churn/churn.c", '#include "value/value.h"\n'),
        ("csrc/churn/churn.c", '#include "patron/value.h"\n'),
        ("csrc/churn/churn.c", '#include "../value/value.h"\n'),
        ("csrc/churn/churn.c", '#include "patron.h"\n'),
        ("csrc/churn/churn.c", '#include "trees.c"\n'),
        ("csrc/churn/churn.c", "#include <Python.h>\n"),
        ("csrc/stray.c", "\n"),
        ("include/patron/base.h", '#include "patron/log.h"\n'),
        ("include/patron/churn.h", '#include "patron/value.h"\n'),
        ("include/patron/log.h", '#include "base/ctx.h"\n'),
        ("include/patron/log.h", "#include <pthread.h>\n"),
        ("python/ext/log.c", '#include "base/ctx.h"\n'),
    ],
)
def test_a_wrong_include_is_seen(tmp_path: Path, file: str, text: str) -> None:
    write(tmp_path, SOUND | {file: text})
    assert len(violations(tmp_path)) == 1
