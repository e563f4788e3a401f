"""Audits of any network as a conditional generator, and the findings on them."""

from types import SimpleNamespace

from ganzoo.audit.audit import Audit
from ganzoo.audit.class_rules import apply_class_rules
from ganzoo.audit.classes import audit_classes
from ganzoo.audit.traits import Traits
from support.dirac import CPU


def look(network, samples, extractor, *, z_dim=8):
    """Audit a module (z (N, z_dim), y (N,)) -> samples against samples, as the generator of a run."""
    gan = SimpleNamespace(
        G_ema=SimpleNamespace(module=network),
        z_dim=z_dim,
        data=samples.spec,
        device=SimpleNamespace(torch_device=CPU.torch_device),
    )
    return audit_classes(gan, samples, extractor)


def judge(classes, images=1e6, **numbers):
    """Return the findings on a run whose G has made that many images."""
    traits = Traits(conditional=True)
    return [*apply_class_rules(Audit(1, {"images": images, **numbers}, traits=traits, classes=classes))]


def alarms(*args, **numbers):
    """Return those of the findings that are alarms."""
    return [finding for finding in judge(*args, **numbers) if finding.level == "alarm"]
