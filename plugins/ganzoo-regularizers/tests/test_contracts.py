"""Every promise that the contracts of ganzoo make about a regularizer."""

import ganzoo.testing

SMALL = {"infogan": {"continuous": 1, "categories": 3, "width": 8}}  # the checks have latents of 4 numbers

test_contracts = ganzoo.testing.contract_tests("ganzoo-regularizers", {"regularizer": SMALL})
