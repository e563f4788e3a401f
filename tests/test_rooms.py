"""Rooms of the package: small files, few imports from one to another, none of a built-in; and each has its tests."""

import ast
import re
from collections import Counter

import pytest

from support.checkout import ROOT

PACKAGE = ROOT / "ganzoo"
MODULES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted({path.parent for path in MODULES} - {PACKAGE})
ROOMS = [folder.name for folder in FOLDERS if folder.parent == PACKAGE]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

SILENT_ROOMS = [room for room in ROOMS if room not in ("contracts", "testing", "cli")]
# Half of them are in the rooms that join others for a user: cli, results, testing, api, export and search.
MOST_IMPORTS = 153
"""Pairs of rooms of which one imports the other."""
MANY_PARAMETERS = {"run", "compare", "evaluate", "tune"}  # of the public API, all but one or two of them keyword-only


def short(path):
    return path.relative_to(PACKAGE).as_posix()


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def functions():
    """Every function of the package, with its module."""
    for path in MODULES:
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


# Sizes


def test_no_file_has_more_than_300_lines():
    long = {short(path) for path in MODULES if len(path.read_text(encoding="utf-8").splitlines()) > 300}
    assert long == set()


def test_no_function_has_more_than_30_lines():
    long = {node.name: short(path) for path, node in functions() if node.end_lineno - node.lineno >= 30}
    assert long == {}


def count_parameters(function):
    """Parameters of a function without `self` and `cls`."""
    parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len([parameter for parameter in parameters if parameter.arg not in ("self", "cls")])


def is_command(function):
    """Whether click passes the parameters, one for each option."""
    return any("click." in ast.unparse(decorator) for decorator in function.decorator_list)


def test_no_function_but_a_command_has_more_than_7_parameters():
    many = {node.name: short(path) for path, node in functions() if count_parameters(node) > 7 and not is_command(node)}
    assert many.keys() - MANY_PARAMETERS == set(), many


# Sentences

FRAGMENT = re.compile(r"(What|Of|How|Whether|As|By|Those|That|From|In|To|With|Where|When|Which|For|Whose|Why|Who)\b")


def docstrings(tree):
    """Texts that stand alone in a body: those of modules, classes and functions, and those below an attribute."""
    for node in ast.walk(tree):
        for statement in getattr(node, "body", []) if isinstance(getattr(node, "body", None), list) else []:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                yield str(statement.value.value)


def test_docstrings_begin_with_the_thing_and_not_with_a_fragment():
    """ "Seed of the latents", "Return the root", never "Of the latents" or "Whether it is needed"."""
    found = {
        short(path): text[:60] for path in MODULES for text in docstrings(parse(path)) if FRAGMENT.match(text.strip())
    }
    assert found == {}


# Imports


def find_room(name):
    """The folder that a module lies in: ganzoo.results.tables.sheet -> results/tables; a file at the top is its own.

    The built-ins are one room, since only the zoo knows their folders.
    """
    path = PACKAGE.joinpath(*name.split(".")[1:])
    if path.parts[len(PACKAGE.parts) :][:1] == ("builtin",):
        return "builtin"
    if path in FOLDERS:
        return short(path)
    if not path.with_suffix(".py").is_file() or path == PACKAGE:
        return None
    return short(path if path.parent == PACKAGE else path.parent)


def find_imported_rooms(tree):
    """Rooms of the modules that a syntax tree imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (find_room(alias.name) for alias in node.names if alias.name.startswith("ganzoo."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ganzoo":
            yield from (find_room(f"{node.module}.{alias.name}") or find_room(node.module) for alias in node.names)


def list_imports_between_rooms():
    """(room, room that it imports), each pair once; the front door `ganzoo` is no room."""
    inside = [path for path in MODULES if path not in (PACKAGE / "__init__.py", PACKAGE / "__main__.py")]
    names = {path: ".".join(["ganzoo", *path.relative_to(PACKAGE).with_suffix("").parts]) for path in inside}
    mine = {path: find_room(name.removesuffix(".__init__")) for path, name in names.items()}
    pairs = {(mine[path], other) for path in inside for other in find_imported_rooms(parse(path)) if other}
    return {pair for pair in pairs if pair[0] != pair[1]}


def test_few_imports_lead_from_room_to_room():
    pairs = list_imports_between_rooms()
    assert {("training", "errors"), ("results/tables", "results/comparison")} <= pairs  # both forms of a room are seen
    assert len(pairs) <= MOST_IMPORTS


def test_no_module_of_the_core_imports_a_built_in():
    core = [path for path in MODULES if path.relative_to(PACKAGE).parts[0] != "builtin"]
    rooms = {short(path): find_imported_rooms(parse(path)) for path in core}
    know = {path for path, others in rooms.items() if any((other or "").split("/")[0] == "builtin" for other in others)}
    assert know == set()


@pytest.mark.parametrize("room", SILENT_ROOMS)
def test_to_import_a_room_is_to_import_none_of_its_modules(room):
    tree = parse(PACKAGE / room / "__init__.py")
    assert ast.get_docstring(tree) and len(tree.body) == 1


# Tests


def test_each_room_has_its_tests_and_each_folder_of_tests_its_room():
    files = [path.relative_to(ROOT / "tests").parts for path in TESTS if path.name.startswith("test_")]
    tested = {parts[0] for parts in files if len(parts) > 1}
    assert sorted(tested) == sorted(ROOMS)


def test_no_test_module_is_imported_by_another():
    """Not in a script that a test starts either."""
    pattern = re.compile(r"\b(?:from|import) (?:test_\w+|conftest)\b")
    assert [path.name for path in TESTS if pattern.search(path.read_text(encoding="utf-8"))] == []


def test_no_two_test_modules_have_one_name():
    """pytest imports them by their names alone."""
    names = Counter(path.name for path in TESTS if path.name.startswith("test_"))
    assert [name for name, times in names.items() if times > 1] == []
