"""The layers of `pyproject.toml`: imports run one way, between rooms and between modules."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["tlbench"]["layers"]
ROOMS = LAYERS["rooms"]
Graph = Mapping[str, set[str]]


def graph_of(*folders: Path) -> Graph:
    """Every module with the modules that it imports when it runs, in functions too; not for types alone."""
    files = {name_of(path, folder): path for folder in folders for path in folder.rglob("*.py")}
    return {name: {m for m in imports_of(path, files) if m in files and m != name} for name, path in files.items()}


def name_of(path: Path, folder: Path) -> str:
    return ".".join(path.relative_to(folder.parent if folder.name == "tlbench" else folder).with_suffix("").parts)


def imports_of(path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            within = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from within
            if not all(name in files for name in within):
                yield node.module
                yield f"{node.module}.__init__"


def statements(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield child
            yield from statements(child)


def upward(graph: Graph, rooms: list[str]) -> list[str]:
    """Imports from a room to one above it, or to one that is not listed."""
    rank = {room: floor for floor, room in enumerate(rooms)}
    edges = [(a, b) for a, found in graph.items() for b in found if is_host(a) and is_host(b)]
    return [f"{a} imports {b}" for a, b in edges if rank.get(room_of(b), 99) > rank.get(room_of(a), 99)]


def is_host(module: str) -> bool:
    return module.startswith("tlbench.")


def room_of(module: str) -> str:
    return module.split(".")[1]


def circle(graph: Graph) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of(ROOT / "tlbench", ROOT / "plugins")


def test_every_room_is_on_a_floor(graph):
    roots = {"__init__", "__main__"}
    assert {room_of(name) for name in graph if name.startswith("tlbench.")} - roots == set(ROOMS)


def test_rooms_import_from_rooms_below_alone(graph):
    outside = {"tlbench.__init__", "tlbench.__main__"}
    inside = {name: found for name, found in graph.items() if name not in outside}
    assert upward(inside, ROOMS) == []


def test_no_module_imports_itself_by_way_of_others(graph):
    lazy = {name: found for name, found in graph.items() if name != "tlbench.__init__"}
    assert circle(lazy) == []


def test_a_circle_and_an_upward_import_are_found(tmp_path):
    for path, text in {
        "core/low.py": "def late():\n    from tlbench.core.high import x\n",
        "core/high.py": "import tlbench.core.low\nfrom tlbench.cli import main\n",
        "cli/main.py": "",
    }.items():
        file = tmp_path / "tlbench" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    made = graph_of(tmp_path / "tlbench")
    assert set(circle(made)) == {"tlbench.core.low", "tlbench.core.high"}
    assert upward(made, ROOMS) == ["tlbench.core.high imports tlbench.cli.main"]


def test_plugins_use_only_what_is_for_plugins(graph):
    allowed = {"__init__", *LAYERS["plugins"]}
    used = {(a, b) for a, found in graph.items() for b in found if not is_host(a) and is_host(b)}
    assert [edge for edge in sorted(used) if room_of(edge[1]) not in allowed] == []


def test_the_package_itself_is_imported_by_plugins_alone(graph):
    assert [name for name, found in graph.items() if name.startswith("tlbench.") and "tlbench.__init__" in found] == []


@pytest.mark.parametrize("room", LAYERS["light"])
def test_light_rooms_import_no_torch(room):
    modules = [
        name_of(path, ROOT / "tlbench").removesuffix(".__init__") for path in (ROOT / "tlbench" / room).rglob("*.py")
    ]
    code = f"import importlib, sys; [importlib.import_module(m) for m in {modules}]; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
