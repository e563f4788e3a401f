"""Every promise that the contracts of ganzoo make about a model and a regularizer."""

import ganzoo.testing

SMALL = {"unetgan": {"width_g": 8, "width_d": 2, "z_dim": 8}}
test_contracts = ganzoo.testing.contract_tests("ganzoo-unet", {"model": SMALL})
