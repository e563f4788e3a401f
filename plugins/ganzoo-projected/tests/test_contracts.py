"""Every promise that the contracts of ganzoo make about a model."""

import ganzoo.testing

SMALL = {"projected-gan": {"width_g": 4, "width": 4, "mixed": 4, "z_dim": 8}}
test_contracts = ganzoo.testing.contract_tests("ganzoo-projected", {"model": SMALL})
