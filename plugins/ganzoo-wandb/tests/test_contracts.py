"""Every promise that the contracts of ganzoo make about an observer."""

import ganzoo.testing

test_contracts = ganzoo.testing.contract_tests("ganzoo-wandb")
