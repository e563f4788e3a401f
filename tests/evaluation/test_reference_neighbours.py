"""The cache of the neighbours among real samples: right with any cache, and beside entries of earlier versions."""

import torch

from ganzoo.data.neighbours import find_neighbours
from ganzoo.evaluation import references
from ganzoo.evaluation.references import load_reference_neighbours
from support.references import Eye

torch.set_num_threads(1)


def load(folder):
    """The features are in an entry of their own, as earlier versions wrote it."""
    eye = Eye()
    features = eye.load(folder).features
    return features, load_reference_neighbours(features, "of the images", eye.extractor, folder)


def test_neighbours_are_those_of_the_rows_and_are_found_once(tmp_path, monkeypatch):
    features, first = load(tmp_path)
    expected = find_neighbours(features.rows, None, references.NEIGHBOURS)
    monkeypatch.setattr(references, "find_neighbours", None)
    _, second = load(tmp_path)
    for found in (first, second):
        assert torch.equal(found.distances, expected.distances) and torch.equal(found.nearest, expected.nearest)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_entry_is_replaced(tmp_path):
    _, first = load(tmp_path)
    known = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for path, data in known.items():
        path.write_bytes(data[: len(data) // 2])
        _, again = load(tmp_path)
        assert torch.equal(again.distances, first.distances)
        assert path.read_bytes() == data
