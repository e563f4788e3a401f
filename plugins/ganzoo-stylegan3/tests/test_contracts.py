"""Every promise that the contracts of ganzoo make about a model."""

import ganzoo.testing

SMALL = {"z_dim": 4, "w_dim": 4, "layers": 4, "channel_base": 64, "channel_max": 4, "width_d": 4}
test_contracts = ganzoo.testing.contract_tests("ganzoo-stylegan3", {"model": {"stylegan3": SMALL}})
