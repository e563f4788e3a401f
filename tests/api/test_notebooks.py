"""The notebooks of docs/: they hold what they show, are small, and run from the first cell to the last."""

import ast

import pytest

from support.checkout import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
nbformat = pytest.importorskip("nbformat")
TRACE = "Traceback (most recent call last)"


def read(path):
    return nbformat.read(path, 4)


def code(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def shapes(notebook):
    """Return the kinds of output of each cell: the kind and the MIME types."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [[(out.output_type, sorted(out.get("data", {}))) for out in cell.outputs] for cell in cells]


def pages(notebook):
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    return [out["data"]["text/html"] for out in outputs if "text/html" in out.get("data", {})]


def test_there_is_a_notebook_for_the_first_hour():
    assert [path.name for path in NOTEBOOKS] == ["first-hour.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_small_whole_and_without_an_error(path):
    assert path.stat().st_size < 200_000
    nbformat.validate(read(path))
    cells = code(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert {output.output_type for cell in cells for output in cell.outputs} <= {
        "display_data",
        "execute_result",
        "stream",
    }
    assert str(ROOT.home()) not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_uses_public_names_alone(path):
    import ganzoo

    trees = [ast.parse(cell.source) for cell in code(path)]
    used = {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ganzoo"
    }
    assert used and used <= set(ganzoo.__all__)


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_in_a_kernel_of_its_own(path, tmp_path, monkeypatch):
    client = pytest.importorskip("nbclient")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = read(path)
    client.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert shapes(notebook) == shapes(read(path))
    assert sum("<img" in html for html in pages(notebook)) >= 3, "the run, its progress and the best run show pictures"
    assert (tmp_path / "losses.html").is_file()
