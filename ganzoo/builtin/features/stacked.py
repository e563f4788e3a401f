"""Features of three digits in one image: each channel is read by digits-cnn."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.builtin.features.bundled import DigitsCNN
from ganzoo.contracts import Extractor, FeatureExtractor, Features
from ganzoo.data.images import require_uint8
from ganzoo.errors import EvaluationError


@dataclass(frozen=True)
class StackedDigitsCNN(FeatureExtractor):
    """192 features of digits-cnn, 64 of each channel, and 1,000 classes: the three digits read as one number.

    The modes of stacked digits are counted as by Metz et al. 2016 (arXiv:1611.02163, section 3.3.1): a classifier
    reads each channel. The logit of 100a + 10b + c is the sum of the logarithms of the three probabilities.
    """

    def load(self, device: torch.device) -> Extractor:
        """Load digits-cnn. Raises EvaluationError if its weights are not those that were published."""
        digits = DigitsCNN().load(device)

        def extract(images: Tensor) -> Features:
            require_colour(images)
            seen = digits.extract(images.flatten(0, 1).unsqueeze(1))  # (3N, 1, H, W)
            assert seen.logits is not None  # it has ten classes
            a, b, c = seen.logits.log_softmax(dim=1).reshape(len(images), 3, 10).unbind(dim=1)
            logits = a[:, :, None, None] + b[:, None, :, None] + c[:, None, None, :]
            return Features(seen.rows.reshape(len(images), -1), logits.flatten(1))

        return Extractor("stacked-digits", digits.fingerprint, extract)


def require_colour(images: Tensor) -> None:
    """Raise EvaluationError for anything but uint8 images of three channels."""
    require_uint8(images)
    if images.shape[1] != 3:
        what = f"stacked-digits reads three digits as red, green and blue; these have {images.shape[1]} channels"
        raise EvaluationError(what, hint="--features digits-cnn")
