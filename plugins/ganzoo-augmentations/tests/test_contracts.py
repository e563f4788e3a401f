"""Every promise that the contracts of ganzoo make about an augmentation and a regularizer."""

import ganzoo.testing

test_contracts = ganzoo.testing.contract_tests("ganzoo-augmentations")
