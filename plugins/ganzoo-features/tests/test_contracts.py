"""Every promise that the contracts of ganzoo make about an extractor; without weights here, most are left out."""

import ganzoo.testing

test_contracts = ganzoo.testing.contract_tests("ganzoo-features")
