"""Where a IIIF source stands: its manifest or collection, and the servers that it may ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from countenance.errors import Refused, UsageError
from countenance.sources.site.guard import Address, Guard, Origin

_NAMES_OF_ALL = frozenset({"manifest", "manifest.json", "collection", "collection.json"})


@dataclass(frozen=True, slots=True)
class IiifPlace:
    """
    The `address` of a manifest or a collection, and `servers` that may be asked besides its own.

    With `private_network` they may be on this machine or its network, where plain http is taken.

    Raises `UsageError` if one of them is no address that may be asked for.
    """

    address: str
    servers: tuple[str, ...] = ()
    private_network: bool = False

    def __post_init__(self) -> None:
        guard = Guard(on_private_network=self.private_network)
        for address in (self.address, *self.servers):
            try:
                guard.require(Origin.parse(address))
            except Refused as exc:
                hint = "--private-network allows it" if not self.private_network else ""
                raise UsageError(exc.message, hint=hint) from exc

    @classmethod
    def read(cls, options: Mapping[str, str]) -> "IiifPlace":
        """The place that `options` made these options of."""
        return cls(
            options["address"],
            tuple(options.get("servers", "").split()),
            private_network=options.get("private_network") == "yes",
        )

    @property
    def options(self) -> Mapping[str, str]:
        """All of it, to be kept with a source."""
        said = {
            "address": self.location,
            "servers": " ".join(str(Origin.parse(one)) for one in self.servers),
            "private_network": "yes" if self.private_network else "",
        }
        return {name: value for name, value in said.items() if value}

    @property
    def location(self) -> str:
        """The address, in its one spelling."""
        return str(Address.parse(self.address))

    @property
    def origins(self) -> frozenset[Origin]:
        """The servers that may be asked."""
        return frozenset(Origin.parse(one) for one in (self.address, *self.servers))

    @property
    def name(self) -> str:
        """What people would call it: the last word of its address that says something."""
        address = Address.parse(self.address)
        words = [unquote(word) for word in address.path.split("/") if word]
        saying = [word for word in words if word.lower() not in _NAMES_OF_ALL]
        return saying[-1] if saying else address.origin.host
