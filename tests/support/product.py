"""The product of losses, enforcers and conditioners."""

from support.zoo import ZOO


def combinations():
    """Every loss x enforcer x conditioner, and one sum of enforcers."""
    names = {kind: [entry.name for entry in ZOO.entries(kind)] for kind in ("loss", "lipschitz", "conditioner")}
    for loss in names["loss"]:
        for lipschitz in [*names["lipschitz"], "sn+gp"]:
            for conditioner in names["conditioner"]:
                yield loss, lipschitz, conditioner
