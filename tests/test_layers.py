"""The rules of the architecture, read from the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "core").rglob("*.py"))
STUDIO = sorted((ROOT / "studio").rglob("*.py"))
HEAVY = {
    "torch",
    "transformers",
    "trl",
    "datasets",
    "accelerate",
    "peft",
    "safetensors",
    "gguf",
    "tokenizers",
}
SQL = re.compile(r"\b(SELECT .+ FROM|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|PRAGMA)\b")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, *, top_level: bool = False) -> Iterator[str]:
    """Full names of what a module imports: `from core.store import runs` gives `core.store` and `core.store.runs`."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in _module_level(tree) if top_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Everything that runs when the module is imported: not what is inside functions, nor what is only for types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from _module_level(node)


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_core_knows_no_user_interface(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(path)}
    assert not roots & {"gradio", "plotly", "studio", "app"}


@pytest.mark.parametrize("path", [*CORE, *STUDIO, ROOT / "app.py"], ids=name_of)
def test_model_libraries_are_imported_inside_functions_only(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(path, top_level=True)}
    assert not roots & HEAVY


@pytest.mark.parametrize("path", STUDIO, ids=name_of)
def test_the_page_never_imports_a_model_library(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & HEAVY


@pytest.mark.parametrize("path", sorted((ROOT / "studio" / "tabs").glob("*.py")), ids=name_of)
def test_tabs_do_not_know_each_other(path: Path) -> None:
    others = [name for name in imports(path) if name.startswith("studio.tabs.") and name != name_of(path)]
    assert not others


@pytest.mark.parametrize("path", sorted((ROOT / "studio" / "views").glob("*.py")), ids=name_of)
def test_views_are_pure(path: Path) -> None:
    """Records of the store may be named; a connection, a process or a Gradio component may not."""
    allowed = re.compile(
        r"studio\.(views|text)\b|core\.(schema|errors|store\.\w+|doctor|prompt|models\.catalog|importers|retrieval"
        r"|evaluation\.(statistics|comparison|breakdown|ladder|wording))\b"
    )
    used = set(imports(path))
    assert not {name.split(".")[0] for name in used} & {"gradio", "subprocess", "os", "pathlib"}
    assert not {
        name for name in used if name.split(".")[0] in ("core", "studio") and not allowed.match(name)
    } - {"core.store", "core.evaluation"}
    assert not used & {"core.store.open_store", "core.store.immediate"}


CORE_LAYERS = (
    {"errors", "settings", "disk"},
    {"schema", "processes"},
    {"prompt", "store"},
    {"doctor"},
    {"importers", "models"},
    {"evaluation", "training"},
    {"serving", "export", "retrieval"},
    {"jobs"},
    {"commands"},
    {"__main__"},
)


NETWORK = {"httpx", "httpx2", "requests", "urllib", "socket", "http", "aiohttp", "huggingface_hub", "uvicorn"}
MAY_TALK = {
    "core.models.loading": {"huggingface_hub"},
    "core.importers.hub_dataset": {"huggingface_hub"},
    "core.models.catalog": {"huggingface_hub"},  # whether a token or a cached copy is there; it asks nobody
    "core.importers.mcp_server": {"httpx2", "socket", "urllib"},  # loopback, unless remote is allowed
    "core.importers.pinned_http": {"httpx2"},  # the connection of mcp_server
    "core.schema.references": {"urllib"},  # urllib.parse
    "core.serving.client": {"httpx"},  # loopback
    "core.serving.server": {"socket", "uvicorn"},  # loopback
    "studio.guard": {"urllib"},  # urllib.parse
}


@pytest.mark.parametrize("path", [*CORE, *STUDIO, ROOT / "app.py"], ids=name_of)
def test_only_named_modules_talk_to_a_network(path: Path) -> None:
    used = {name.split(".")[0] for name in imports(path)} & NETWORK
    assert used <= MAY_TALK.get(name_of(path), set())


PROMPT_TEXT = re.compile(
    r"<(start_of_turn|end_of_turn|start_function_\w+|end_function_\w+|escape)>|<tool_call>"
)


@pytest.mark.parametrize("path", [*CORE, *STUDIO], ids=name_of)
def test_prompt_text_is_made_in_one_place(path: Path) -> None:
    """The conversion of the starter may name the tokens it makes; nobody else writes them."""
    if path.is_relative_to(ROOT / "core" / "prompt") or path.name == "gemma_gguf.py":
        return
    tree = ast.parse(path.read_text("utf-8"))
    documented = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    }
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert not [text for text in texts - documented if PROMPT_TEXT.search(text)]


LAYERS = (
    {"text", "guard"},
    {"views", "theme"},
    {"events", "shell"},
    {"editors"},
    {"panels"},
    {"tabs"},
    {"ui"},
)


@pytest.mark.parametrize("path", [*CORE, *STUDIO], ids=name_of)
def test_imports_point_downward(path: Path) -> None:
    house, *own = name_of(path).split(".")[:2]
    level = {part: n for n, layer in enumerate(CORE_LAYERS if house == "core" else LAYERS) for part in layer}
    if not own:
        return
    used = {name.split(".")[1] for name in imports(path) if name.startswith(f"{house}.")} - set(own)
    assert all(level[part] < level[own[0]] for part in used if part in level or house == "core"), used


def test_no_imports_in_circles() -> None:
    modules = {name_of(path): path for path in (*CORE, *STUDIO)}
    graph = {}
    for name, path in modules.items():
        used = {one for one in imports(path, top_level=True) if one in modules and one != name}
        # `from package import module` needs the module; that the package comes first is Python's own business.
        graph[name] = {one for one in used if not any(other.startswith(f"{one}.") for other in used)}
    done: set[str] = set()
    path_now: list[str] = []

    def visit(name: str) -> None:
        assert name not in path_now, " -> ".join([*path_now, name])
        if name in done:
            return
        path_now.append(name)
        for used in sorted(graph[name]):
            visit(used)
        path_now.pop()
        done.add(name)

    for name in graph:
        visit(name)


@pytest.mark.parametrize("path", [*CORE, *STUDIO], ids=name_of)
def test_sql_stands_in_the_store_only(path: Path) -> None:
    if path.is_relative_to(ROOT / "core" / "store"):
        return
    texts = [n.value for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Constant)]
    assert not [text for text in texts if isinstance(text, str) and SQL.search(text)]
    assert "sqlite3" not in {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", [*CORE, *STUDIO, ROOT / "app.py"], ids=name_of)
def test_files_stay_small(path: Path) -> None:
    lines = path.read_text("utf-8").count("\n")
    assert lines <= (40 if path.name == "app.py" else 400)


def test_most_files_are_under_250_lines() -> None:
    long = [path for path in (*CORE, *STUDIO) if path.read_text("utf-8").count("\n") > 250]
    assert len(long) <= len([*CORE, *STUDIO]) // 8, [str(path) for path in long]


def test_no_module_is_named_for_nothing() -> None:
    names = {path.stem for path in ROOT.rglob("*.py") if ".venv" not in path.parts}
    assert not names & {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


@pytest.mark.parametrize("path", [*CORE, *STUDIO], ids=name_of)
def test_code_of_strangers_is_never_run(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
            assert isinstance(node.value, ast.Constant) and node.value.value is False
    assert not {name.split(".")[0] for name in imports(path)} & {"pickle", "marshal", "shelve"}
