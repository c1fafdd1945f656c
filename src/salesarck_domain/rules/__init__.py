"""What a sale is worth. A new kind of rule is a module and one line here."""

from salesarck_domain.rules.base import Rule
from salesarck_domain.rules.limits import CapPerSale, LimitPerConsumer, PointsExpire
from salesarck_domain.rules.promotion import FixedBonus, Multiplier
from salesarck_domain.rules.spend import EarnBase, MinimumSpend, PointsPerSpend

RULES: dict[str, type[Rule]] = {
    kind.name: kind
    for kind in (
        EarnBase,
        MinimumSpend,
        PointsPerSpend,
        Multiplier,
        FixedBonus,
        CapPerSale,
        LimitPerConsumer,
        PointsExpire,
    )
}
"""Every kind of rule by its word in a version, in the order in which they combine."""
