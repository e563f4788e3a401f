"""Every promise that the contracts of ganzoo make about a metric and an extractor."""

import ganzoo.testing

test_contracts = ganzoo.testing.contract_tests("ganzoo-metrics")
