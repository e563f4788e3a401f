"""Every promise that the contract of ganzoo makes about an engine, with processes of this machine as jobs."""

import ganzoo.testing

test_contracts = ganzoo.testing.contract_tests(
    "ganzoo-submitit", {"engine": {"submitit": {"cluster": "local", "minutes": 30}}}
)
