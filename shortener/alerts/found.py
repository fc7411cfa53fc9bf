"""What a look at the database finds: incidents that begin, and open ones that are over."""

from collections.abc import Sequence
from dataclasses import dataclass

from shortener.alerts.incidents import New
from shortener.storage.models import Incident


@dataclass(frozen=True, slots=True)
class Over:
    """An open incident that is over. Nobody is told if a graver one has taken its place."""

    incident: Incident
    count: int
    is_told: bool = True


Found = Sequence[New | Over]
