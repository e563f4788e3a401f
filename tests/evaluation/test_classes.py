"""Labels of generated images, by the numbers of the reference's classes."""

import torch

from ganzoo.evaluation.classes import match_labels, name_folder

Y = torch.tensor([0, 1, 1, 2])
CLASSES = ("dog", "cat", "a b")


def test_folders_are_matched_by_name_in_any_order():
    assert match_labels(Y, ("a b", "cat", "dog"), CLASSES).tolist() == [2, 1, 1, 0]


def test_folders_of_sampled_images_are_matched_by_number_and_name():
    folders = [name_folder(k, name) for k, name in enumerate(CLASSES)]
    assert folders == ["000-dog", "001-cat", "002-a_b"]
    assert match_labels(Y, folders, CLASSES).tolist() == Y.tolist()
    assert match_labels(Y, ("001-dog", "cat", "a b"), CLASSES) is None


def test_other_names_and_no_labels_give_none():
    assert match_labels(Y, ("dog", "cat", "cow"), CLASSES) is None
    assert match_labels(None, (), CLASSES) is None
    assert match_labels(torch.zeros(3, dtype=torch.int64), ("images",), ("images",)) is None
