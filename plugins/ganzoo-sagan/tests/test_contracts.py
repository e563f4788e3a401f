"""Every promise that the contracts of ganzoo make about a model."""

import ganzoo.testing

test_contracts = ganzoo.testing.contract_tests("ganzoo-sagan", {"model": {"sagan": {"width": 4}}})
