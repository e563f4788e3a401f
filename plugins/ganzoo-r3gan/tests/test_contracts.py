"""Every promise that the contracts of ganzoo make about a loss and a model."""

import ganzoo.testing

test_contracts = ganzoo.testing.contract_tests("ganzoo-r3gan", {"model": {"r3gan": {"width": 8, "group_width": 4}}})
