"""Every promise that the contracts of ganzoo make about a conditioner."""

import ganzoo.testing

test_contracts = ganzoo.testing.contract_tests("ganzoo-conditioners")
