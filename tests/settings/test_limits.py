"""Numbers too large, and text too deep: refused as values with their range, before data or memory is touched."""

import time
from dataclasses import fields
from typing import get_type_hints

import pytest

from ganzoo.errors import ConfigError
from ganzoo.grid.axes import MOST_SEEDS, parse_seeds
from ganzoo.grid.config import parse_budget
from ganzoo.settings.kinds import ALL_KINDS
from ganzoo.settings.options import check_values, shorten
from ganzoo.settings.sections import SECTIONS
from ganzoo.settings.toml import from_tables, parse_assignment, read_toml
from support.runs import TINY, ganzoo, train
from support.zoo import ZOO

TRILLION = 10**12
SCHEMAS = SECTIONS | {f"{kind} {entry.name}": entry.schema for kind in ALL_KINDS for entry in ZOO.entries(kind)}
WHOLE = [
    (where, schema, f.name)
    for where, schema in SCHEMAS.items()
    for f in fields(schema)
    if get_type_hints(schema).get(f.name) is int and not f.name.endswith("seed")
]


@pytest.mark.fault(
    "an option is a million times too large, or has more than 64 bits",
    "it is refused with its range before data is read",
    "F49",
    "F50",
)
@pytest.mark.parametrize(("where", "schema", "name"), WHOLE, ids=lambda value: value if isinstance(value, str) else "")
def test_every_whole_number_that_ships_has_a_largest_value(where, schema, name):
    for value in (TRILLION, 2**63, 10**30, 10**6000):
        with pytest.raises(ConfigError, match=rf"{name}: .* is refused: must be .*at most [\d,]+"):
            check_values(schema, {name: value}, where)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--batch-size", TRILLION], "optim.batch_size: 1000000000000 is refused: must be at least 1 and at most"),
        (["--samples", 10**30], "eval.samples: 1000000000000000000000000000000 is refused"),
        (["--steps", 10**30], "train.steps: 1000000000000000000000000000000 is refused"),
        (["--image-size", 10**9], "dataset.image_size: 1000000000 is refused"),
        (["--steps", "9" * 5000], "is not a whole number"),
        (["--seed", "9" * 4000], "train.seed: an integer of 13,288 bits is refused"),
        (["--set", "model.width=1000000000"], "model.width: 1000000000 is refused"),
        (["--set", f"train.steps={'9' * 5000}"], "'train.steps': an integer is beyond 9223372036854775807"),
        (["--set", f"train.steps=0x{'f' * 5000}"], "an integer of 20,000 bits is beyond the integers of TOML"),
        (["--set", "optim.lr_g=1e400"], "optim.lr_g: inf is refused"),
        (["--set", f"optim.lr_g={'[' * 5000}{']' * 5000}"], "nest deeper than 8 levels"),
        (["--set", f"{'a.' * 9}b=1"], "nest deeper than 8 levels"),
        (["--set", f"optim.name='{'x' * 100_000}'"], "no optimizer is named 'xxxxxx"),
    ],
    ids=lambda value: " ".join(map(str, value))[:30] if isinstance(value, list) else "",
)
def test_a_number_too_large_or_a_value_too_deep_is_refused_and_leaves_nothing(tmp_path, words, said):
    result = train(tmp_path / "run", *words, code=2)
    assert said in result.stderr and len(result.stderr) < 6000
    assert not (tmp_path / "run").exists()


RECIPES = {
    "deep array": ("[model]\nx = " + "[" * 5000 + "]" * 5000, "nest deeper than 8 levels"),
    "deep table": ("[model]\nx = " + "{a=" * 2000 + "1" + "}" * 2000, "nest deeper than 8 levels"),
    "dotted key": ("[model]\n" + "a." * 100_000 + "b = 1", "200 dots in a line"),
    "dotted table": ("[" + "a." * 20 + "b]\nx = 1", "nest deeper than 8 levels"),
    "many keys": ("\n".join(f"k{number}=1" for number in range(80_000)), "more than 10,000 keys"),
    "many sections": ("\n".join(f"[s{number}]" for number in range(80_000)), "more than 10,000 keys"),
    "5,000 digits": ("[train]\nsteps = " + "9" * 5000, "an integer is beyond 9223372036854775807"),
    "65 bits": ("[train]\nsteps = 18446744073709551616", "18446744073709551616 is beyond the integers of TOML"),
    "a megabyte": ("#" * 1_000_001, "it has 1,000,001 bytes, more than 1,000,000"),
}


@pytest.mark.fault("a recipe nests too deeply, or has too many keys or digits", "exit 2, in under a second", "F49")
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_that_would_take_long_or_end_python_is_refused_at_once(tmp_path, name):
    text, said = RECIPES[name]
    (tmp_path / "odd.toml").write_text(text)
    start = time.process_time()
    with pytest.raises(ConfigError, match=f"cannot read the recipe: .*{said}"):
        read_toml(tmp_path / "odd.toml")
    assert time.process_time() - start < 1


def test_a_recipe_at_the_limits_is_read(tmp_path):
    (tmp_path / "odd.toml").write_text(
        "x = " + "[" * 7 + "]" * 7 + "\ny = 9223372036854775807\nz = -9223372036854775808"
    )
    assert read_toml(tmp_path / "odd.toml")["y"] == 2**63 - 1
    assert parse_assignment("a.b.c.d.e.f.g.h.i=1") == ("a.b.c.d.e.f.g.h.i", 1)


def test_thousands_of_wrong_options_are_ten_and_a_number():
    with pytest.raises(ConfigError) as caught:
        from_tables({"train": {f"k{number}": 1 for number in range(5000)}})
    assert len(caught.value.what.splitlines()) == 11 and caught.value.what.endswith("train: and 4,990 more")


def test_a_value_is_shown_as_far_as_a_line_holds_it():
    assert shorten("abc") == "'abc'" and shorten(-5) == "-5" and shorten(10**79) == "1" + "0" * 79
    assert shorten(2**20_000) == "an integer of 20,001 bits"
    assert shorten("x" * 200).endswith("... (202 characters)")


@pytest.mark.parametrize("text", ["0..1000000000000", f"0..{MOST_SEEDS}", str(2**63), "9" * 5000, f"0..{'9' * 5000}"])
def test_seeds_without_end_are_refused_before_they_are_counted_out(text):
    with pytest.raises(ConfigError, match="--seeds"):
        parse_seeds(text)
    assert parse_seeds(f"{2**63 - 1},") == (2**63 - 1,) and len(parse_seeds(f"1..{MOST_SEEDS}")) == MOST_SEEDS


@pytest.mark.parametrize("amount", ["1e308", "1e30", "9" * 300])
def test_a_budget_without_end_is_refused_as_the_steps_that_it_pays_for(amount):
    words = [*TINY, "--model=mlp", "--seeds=0", "--budget", f"images={amount}", "--dry-run"]
    assert "train.steps: " in ganzoo("compare", *words, code=2).stderr
    with pytest.raises(ConfigError, match="--budget"):
        parse_budget(f"steps={'9' * 5000}")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400"])
def test_a_flag_takes_finite_numbers(value):
    for words in (["sample", "nowhere", "--truncation", value], ["compare", "--cell-timeout", value]):
        assert f": {words[-2]}: " in ganzoo(*words, code=2).stderr
