"""Imports point one way, only the command line prints, and what must start fast does not wait for torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ganzoo
from support.layers import LAYERS

PACKAGE = Path(ganzoo.__file__).parent
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]
SILENT = [path for path in MODULES if path.relative_to(PACKAGE).parts[0] != "cli"]
PRINTERS = {"click", "rich", "logging"}


def short(path):
    return str(path.relative_to(PACKAGE))


def layer_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(tree):
    """Modules that a syntax tree imports, wherever it does: `from a.b import c` gives a.b and a.b.c."""
    names = set()
    for node in tree:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            names |= {origin} | {f"{origin}.{alias.name}" for alias in node.names}
    return names


def imported_layers(source):
    """`from ganzoo.zoo.x import X`, `from ganzoo import zoo` and `import ganzoo.zoo.x` all give {"zoo"}."""
    parts = [name.split(".") for name in imported(ast.walk(ast.parse(source)))]
    return {name[1] for name in parts if name[0] == "ganzoo" and len(name) > 1} - {"__version__"}


def run_at_import(node):
    """Walk the nodes that run when a module is imported: all but the bodies of functions."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from run_at_import(child)


def imported_at_import(source):
    """Packages that come in when a module is imported."""
    return {name.split(".")[0] for name in imported(run_at_import(ast.parse(source)))}


def ways_to_print(source):
    """Calls of print, uses of sys.stdout and sys.stderr, and imports of packages that print."""
    nodes = list(ast.walk(ast.parse(source)))
    called = {n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    streams = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}
    packages = {name.split(".")[0] for name in imported(nodes)}
    return called & {"print"} | streams & {"sys.stdout", "sys.stderr"} | packages & PRINTERS


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_module_imports_only_from_lower_layers_and_its_own(path):
    allowed = LAYERS[: LAYERS.index(layer_of(path)) + 1]
    assert imported_layers(path.read_text(encoding="utf-8")) - set(allowed) == set()


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_imports_inside_the_package_are_absolute(path):
    relative = [name for name in imported(ast.walk(ast.parse(path.read_text(encoding="utf-8")))) if name[0] == "."]
    assert relative == []


@pytest.mark.parametrize("path", SILENT, ids=short)
def test_only_the_command_line_prints(path):
    allowed = {
        "api/progress.py": {"sys.stderr"},  # where somebody at a prompt, or `progress=True`, asks for lines
        "zoo/guard.py": {"logging"},  # put back as it was, never written to
        "results/tables/text.py": {"rich"},  # lays out columns of a text, which it returns
    }
    assert ways_to_print(path.read_text(encoding="utf-8")) - allowed.get(short(path), set()) == set()


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_torchvision_is_imported_only_inside_functions(path):
    assert "torchvision" not in imported_at_import(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [path for path in MODULES if "builtin" in path.parts], ids=short)
def test_options_of_built_ins_have_the_types_that_plugins_use(path):
    assert "pydantic" not in imported_at_import(path.read_text(encoding="utf-8"))


def test_the_list_of_layers_is_that_of_the_modules():
    assert sorted(LAYERS) == sorted({layer_of(path) for path in MODULES})


def test_settings_and_help_do_not_wait_for_torch():
    code = (
        "import sys, ganzoo, ganzoo.cli, ganzoo.settings.merge, ganzoo.zoo.recipes\n"
        "from click.testing import CliRunner\n"
        "for words in ([], ['run'], ['config', 'show']):\n"
        "    assert CliRunner().invoke(ganzoo.cli.cli, [*words, '--help']).exit_code == 0, words\n"
        "ganzoo.zoo.recipes.settle(flags={'loss.name': 'wgan'})\n"
        "print(sorted({'torch', 'torchvision', 'numpy', 'rich'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "source",
    [
        "from ganzoo.zoo.catalogue import Zoo",
        "from ganzoo import zoo",
        "import ganzoo.zoo.catalogue",
        "def load():\n    from ganzoo.zoo.catalogue import load_zoo",
    ],
)
def test_every_form_of_import_is_seen(source):
    assert imported_layers(source) == {"zoo"}


@pytest.mark.parametrize(
    "source",
    [
        "import torchvision",
        "try:\n    from torchvision.datasets import MNIST\nexcept ImportError:\n    pass",
        "class Late:\n    import torchvision",
    ],
)
def test_imports_that_run_with_the_module_are_seen(source):
    assert imported_at_import(source) == {"torchvision"}
    assert imported_at_import("def load():\n    import torchvision") == set()


@pytest.mark.parametrize(
    "source",
    ["print(1)", "import sys\nsys.stderr.write('x')", "import click\nclick.echo(1)", "from rich import console"],
)
def test_every_way_to_print_is_seen(source):
    assert len(ways_to_print(source)) == 1
