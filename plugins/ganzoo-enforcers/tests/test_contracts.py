"""Every promise that the contracts of ganzoo make about an enforcer."""

import ganzoo.testing

test_contracts = ganzoo.testing.contract_tests("ganzoo-enforcers")
