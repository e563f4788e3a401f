"""Hints of errors are what a script or a notebook can take over as it is."""

import pytest

from ganzoo.api.words import in_python, name_parameters, translate
from ganzoo.errors import ConfigError


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ("--steps 5", "steps=5"),
        ("--out OTHER_FOLDER, or wait for it", 'out="OTHER_FOLDER", or wait for it'),
        ("ganzoo resume 'runs/a b' --steps 5, or --out X", 'ganzoo.Run("runs/a b").resume(steps=5), or out="X"'),
        ("--set optim.lr_d=1e-4 --set loss.margin=5", 'options={"optim.lr_d": 1e-4, "loss.margin": 5}'),
        ("--set model.norm_d=none, or --lipschitz sn", 'options={"model.norm_d": "none"}, or lipschitz="sn"'),
        ("leave out --reference, or leave out --dataset", "leave out reference, or leave out dataset"),
        ("ganzoo run --conditioner cgan, or acgan", 'ganzoo.run(conditioner="cgan"), or acgan'),
        ("--no-scores (trains alone)", "scores=False (trains alone)"),
        ("--download", "download=True"),
        ("ganzoo list loss  (shows all 6)", "ganzoo list loss  (shows all 6)"),
        ("pip install --force-reinstall ganzoo-torch", "pip install --force-reinstall ganzoo-torch"),
        ("", ""),
    ],
)
def test_a_hint_is_in_the_words_of_python(hint, said):
    assert translate(hint) == said


def test_a_sentence_names_parameters():
    assert name_parameters("--dataset-path is where they lie") == "dataset_path is where they lie"


def test_an_error_keeps_its_type_and_its_place():
    @in_python
    def refuse():
        """Refuse."""
        raise ConfigError("--steps 0 is refused", where="here", hint="--steps 5")

    with pytest.raises(ConfigError) as caught:
        refuse()
    assert str(caught.value) == "steps 0 is refused\n  where: here\n  try:   steps=5"
    assert refuse.__name__ == "refuse"


def test_a_notebook_shows_three_lines_and_the_line_of_the_cell():
    def cell():
        raise ConfigError("no loss is named 'wgn'", hint="wgan")

    with pytest.raises(ConfigError) as caught:
        cell()
    place, *said = caught.value._render_traceback_()
    assert place.endswith("""raise ConfigError("no loss is named 'wgn'", hint="wgan")""")
    assert said == ["", "ConfigError: no loss is named 'wgn'", "  try:   wgan"]
