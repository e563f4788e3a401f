"""Every promise that the contracts of ganzoo make about a model."""

import ganzoo.testing

SMALL = {"width": 4}
test_contracts = ganzoo.testing.contract_tests("ganzoo-convnets", {"model": {"infogan": SMALL, "sndcgan": SMALL}})
