"""Words for the numbers of findings in diagnosis.json, which has short names for them. No torch."""

from __future__ import annotations

from collections.abc import Mapping

_WORDS: Mapping[str, str] = {
    "slope/real": "mean slope of D at real samples",
    "slope/fake": "mean slope of D at generated samples",
    "slope/between": "mean slope of D between real and generated samples",
    "slope/largest": "largest slope of D there",
    "norms/product": "product of the layers' norms, a bound on the slope",
    "update/d": "length of an update of D, as a share of its weights",
    "update/g": "length of an update of G, as a share of its weights",
    "gradient/d": "length of D's gradient",
    "gradient/g": "length of G's gradient",
    "rate/d": "share of a layer of D that the first update replaces",
    "rate/g": "share of a layer of G that the first update replaces",
    "lr/d": "learning rate of D",
    "lr/g": "learning rate of G",
    "first over last layer": "gradient at D's first layer, over that at its last",
    "logit/size": "largest logit of D, without its sign",
    "logit/reach": "largest distance of a logit from their mean",
    "pull": "change of the loss per unit of logit",
    "generated": "share of generated numbers at -1 or 1",
    "real": "share of real numbers at -1 or 1",
    "held-out": "chance that D prefers a training sample to an unseen one",
    "overfitting": "gap of training to unseen samples, over that to fakes",
    "sign": "mean sign of the logits of training samples",
    "held-out/count": "unseen real samples",
    "spread": "distance among generated samples, over that among real",
    "pixels": "the same of their pixels, averaged to at most 8 a side",
    "duplicates": "share of generated samples that are nearly equal",
    "support": "estimate of the different samples that G makes",
    "spread/earlier": "the same at an earlier checkpoint",
    "images": "samples that G has made in its updates",
    "distinct": "different ones among the real samples",
    "copies": "share of generated samples that copy a training sample",
    "copies/of": "training samples that they were compared with",
    "accuracy/real": "share of unseen real samples whose label is told",
    "pull/g": "change of G's loss per unit of logit",
    "classes/real": "classes among the real samples",
    "classes/fake": "classes among the generated samples",
    "period": "period of the oscillation in steps",
    "strength": "autocorrelation after one period",
    "memory": "steps after which the loss has forgotten where it was",
}


_OF_CLASSES: Mapping[str, str] = {
    "spread": "distance among samples of class {}, over that among real",
    "duplicates": "share of samples of class {} that are nearly equal",
    "accuracy": "share of samples of class {} that show it",
}


def describe_number(name: str) -> str:
    """Return what a number of a finding is: "slope/real" -> "mean slope of D at real samples"; others as they are."""
    number, _, of = name.partition("/")
    return _WORDS.get(name) or _OF_CLASSES.get(number, name).format(of)
