"""
All signals at once: those of a host, those of an answer and those of a page.

`HostSignals.vetoes`, `of_headers` and `of_metas` say between them what forbids reading an address.
No veto at any of these levels is one half of a permission; the other half is the grant.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from countenance.sources.site import directives, rsl, tdmrep
from countenance.sources.site.aitxt import AiTxt
from countenance.sources.site.preferences import NAMES, denials
from countenance.sources.site.robots import Robots
from countenance.sources.site.rsl import Licence
from countenance.sources.site.tdmrep import Reservations
from countenance.sources.site.veto import Said, Veto, together


@dataclass(frozen=True, slots=True)
class Asking:
    """
    Who asks.

    `agent` is our product token. `tdm_authorised` is what the grant says of itself: that it covers
    what is reserved by TDMRep.
    """

    agent: str
    tdm_authorised: bool = False


@dataclass(frozen=True, slots=True)
class HostSignals:
    """What the files of one host say. `licences` are those that its robots.txt names."""

    robots: Robots
    reservations: Reservations = field(default_factory=Reservations)
    ai_txt: AiTxt = field(default_factory=AiTxt)
    licences: tuple[Licence, ...] = ()

    def vetoes(self, url: str, asking: Asking) -> tuple[Veto, ...]:
        """Everything that they say against reading `url`, an absolute address on this host."""
        reserved = () if asking.tdm_authorised else self.reservations.vetoes(url)
        licensed = (veto for licence in self.licences for veto in licence.vetoes(url))
        return (*self.robots.vetoes(url), *reserved, *self.ai_txt.vetoes(url), *licensed)


def of_headers(headers: Iterable[tuple[str, str]], asking: Asking, *, where: str) -> Said:
    """
    What the headers of an answer say, in their order, whether those of one name are joined or not.

    Licences in `Link` headers are not judged here: `rsl.linked` gives their addresses.
    """
    return together(_of_header(name.lower(), value, asking, where) for name, value in headers)


def of_metas(metas: Iterable[tuple[str, str]], asking: Asking, *, where: str) -> Said:
    """What a page's meta elements say of the page and all pictures on it."""
    return together(_of_meta(name.lower(), content, asking, where) for name, content in metas)


def licences_within(page: Iterable[bytes], *, where: str) -> tuple[Licence, ...]:
    """The licences that a page holds."""
    return tuple(rsl.parse(one, where=where) for one in page)


# --------------------------------------------------------------------------------------------------


def _of_header(name: str, value: str, asking: Asking, where: str) -> Said:
    if name == directives.HEADER:
        return directives.in_header(value, agent=asking.agent, where=where)
    if name in NAMES:
        return Said(denials(NAMES[name], value, where=where))
    return _reserved(name, value, asking, where)


def _of_meta(name: str, content: str, asking: Asking, where: str) -> Said:
    said = directives.in_meta(name, content, agent=asking.agent, where=where)
    if name in NAMES:
        said = Said(denials(NAMES[name], content, where=where))
    return together([said, _reserved(name, content, asking, where)])


def _reserved(name: str, value: str, asking: Asking, where: str) -> Said:
    if name != tdmrep.SIGNAL or asking.tdm_authorised:
        return Said()
    # Of several headers, or several values that a proxy joined, each is heard.
    each = [tdmrep.in_value(part, where=where) for part in value.split(",")]
    return Said(tuple(veto for vetoes in each for veto in vetoes))
