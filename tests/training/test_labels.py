"""Labels of generated samples follow the frequencies of the training data."""

import random

import pytest
import torch

from ganzoo.training.labels import label_rule, label_words, order_classes


def labels_of(count, num_classes, counts=()):
    return label_rule(count, num_classes, counts)(torch.arange(count))


def test_nine_of_ten_are_of_the_class_that_is_nine_times_as_frequent():
    assert labels_of(10, 2, (900, 100)).tolist() == [0] * 9 + [1]
    assert labels_of(1000, 2, (900, 100)).bincount().tolist() == [900, 100]


def test_the_labels_of_a_few_samples_are_the_first_of_many():
    many = labels_of(500, 4, (5, 50, 1, 44))
    assert torch.equal(labels_of(37, 4, (5, 50, 1, 44)), many[:37])


@pytest.mark.parametrize("counts", [(), (7, 7, 7)])
def test_classes_of_equal_size_come_in_turn(counts):
    assert labels_of(7, 3, counts).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert order_classes((1, 1, 1), 3) == (0, 1, 2)


def test_each_class_is_within_one_of_its_share_in_every_head():
    numbers = random.Random(0)
    for _ in range(4):
        counts = (1, *(numbers.choice([0, 1, 3, numbers.randint(1, 300)]) for _ in range(20)))
        total, seen = sum(counts), torch.zeros(21)
        for place, k in enumerate(order_classes(counts, total), 1):
            seen[k] += 1
            assert (seen - torch.tensor(counts) * place / total).abs().max() < 1
        assert seen.tolist() == list(counts)


def test_many_rare_classes_do_not_wait_for_the_frequent_one():
    order = order_classes((100, *[1] * 100), 20)
    assert order.count(0) == 10


def test_the_protocol_says_how_labels_were_chosen():
    assert label_words(2, (9, 1)) == "training frequency"
    assert label_words(2, (5, 5)) == label_words(2, ()) == "each class in turn"
    assert label_words(1, (10,)) == "none"
