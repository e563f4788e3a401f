import ganzoo.testing

test_contracts = ganzoo.testing.contract_tests("ganzoo-stylegan2")
