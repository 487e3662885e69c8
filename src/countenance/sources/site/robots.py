"""
robots.txt (RFC 9309, https://www.rfc-editor.org/rfc/rfc9309), and the lines that others have added
to it: `License` (RSL), `Content-Usage` (AIPREF) and `Content-Signal`.

Groups are put together here, because Protego takes `face` for the name of `facebot`, and lets an
unknown line end a list of names. Paths are matched by Protego, on the rules that hold for us. They
are those of the groups that name our token, or else those for `*`.

No file (4xx) means no rules. No answer, an error of the server, and a file of more than
`MAX_BYTES`, of which nobody knows what the rest forbids, mean that everything is disallowed. A line
that is none is passed over, and so every other file, of whatever kind, is one without rules.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from countenance.sources.site.pattern import matches, path_of
from countenance.sources.site.preferences import NAMES, denials
from countenance.sources.site.veto import Answer, Veto

if TYPE_CHECKING:
    from protego import Protego

WHERE = "/robots.txt"
SIGNAL = "robots"

MAX_BYTES = 1 << 20
"""At least 500 KiB have to be read (RFC 9309, section 2.5)."""

_AGENT = frozenset({"user-agent", "useragent", "user agent"})
_DISALLOW = frozenset({"disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"})
_DELAY = frozenset({"crawl-delay", "crawl delay"})
_RULES = _DISALLOW | _DELAY | NAMES.keys() | {"allow"}
_SITEMAP = frozenset({"sitemap", "sitemaps", "site-map"})

_LINES = re.compile(r"\r\n|\r|\n")
# Protego ends lines at some characters that RFC 9309 knows nothing of.
_ODD = re.compile(r"[^\x21-\x7e]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a group: its name in lower case, and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Robots:
    """
    What a host's robots.txt says to one agent.

    `crawl_delay` is in seconds. `sitemaps` and `licences` are addresses as they stand there;
    `closed` is the veto on everything, if no rules could be read.
    """

    agent: str
    rules: tuple[Rule, ...] = ()
    sitemaps: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    closed: Veto | None = None
    _matcher: "list[Protego]" = field(default_factory=list, compare=False, repr=False)

    @property
    def crawl_delay(self) -> float | None:
        """The longest that is asked for, or None. What is no number of seconds is passed over."""
        seconds = [_seconds(rule.value) for rule in self.rules if rule.name in _DELAY]
        return max((one for one in seconds if one is not None), default=None)

    def vetoes(self, url: str) -> tuple[Veto, ...]:
        """What it says against reading `url`. Raises nothing."""
        if self.closed is not None:
            return (self.closed,)
        path = path_of(url)
        said = [*self._preferences(path)]
        if not self._may_fetch(path):
            said.insert(0, Veto(SIGNAL, WHERE, f"{self._disallowing(path)} for {self.agent}"))
        return tuple(said)

    # ----------------------------------------------------------------------------------------------

    def _may_fetch(self, path: str) -> bool:
        from protego import Protego  # noqa: PLC0415  # only where a site is read

        if not self._matcher:
            self._matcher.append(Protego.parse(_for_protego(self.rules)))
        return self._matcher[0].can_fetch(f"https://host{path}", SIGNAL)

    def _disallowing(self, path: str) -> str:
        """The line that a person would look for."""
        lines = [one.value for one in self.rules if one.name in _DISALLOW and one.value]
        hits = [value for value in lines if matches(value, path)]
        return f"Disallow: {max(hits, key=len, default='')}"

    def _preferences(self, path: str) -> Iterator[Veto]:
        for rule in self.rules:
            if rule.name in NAMES:
                pattern, value = _pattern_and_value(rule.value)
                if matches(pattern, path):
                    yield from denials(NAMES[rule.name], value, where=WHERE)


def read(answer: Answer, *, agent: str) -> Robots:
    """What came for a host's `/robots.txt`, read as the agent with the product token `agent`."""
    if answer.is_absent:
        return Robots(agent)
    if not answer.is_there:
        return Robots(agent, closed=answer.unanswered(SIGNAL, WHERE))
    if len(answer.body) > MAX_BYTES:
        words = f"more than {MAX_BYTES:,} bytes, of which nobody knows what the rest forbids"
        return Robots(agent, closed=Veto(SIGNAL, WHERE, words))
    lines = [*_lines(_text(answer.body))]
    licences = tuple(line.value for line in lines if line.name == "license" and line.value)
    sitemaps = tuple(line.value for line in lines if line.name in _SITEMAP and line.value)
    return Robots(agent, _rules_for(agent, lines), sitemaps, licences)


# --------------------------------------------------------------------------------------------------


def _text(body: bytes) -> str:
    if body.startswith(_UTF16):
        return body.decode("utf-16", errors="replace")
    return body.decode("utf-8-sig", errors="replace")


def _lines(text: str) -> Iterator[Rule]:
    for line in _LINES.split(text):
        name, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield Rule(" ".join(name.lower().split()), value.strip())


def _rules_for(agent: str, lines: list[Rule]) -> tuple[Rule, ...]:
    """The rules of every group that names `agent`; if there is none, of those for `*`."""
    token, named = agent.lower(), False
    ours: list[Rule] = []
    everybodys: list[Rule] = []
    agents: set[str] = set()
    within = False
    for line in lines:
        if line.name in _AGENT:
            agents = set() if within else agents
            within = False
            agents.add(_token(line.value))
            named = named or token in agents
        elif line.name in _RULES:
            within = True
            if token in agents:
                ours.append(line)
            if "*" in agents:
                everybodys.append(line)
    return tuple(ours if named else everybodys)


def _token(value: str) -> str:
    """The product token: what stands before a version, in lower case."""
    words = re.split(r"[\s/]", value, maxsplit=1)
    return words[0].lower()


def _for_protego(rules: tuple[Rule, ...]) -> str:
    lines = ["User-agent: *"]
    for rule in rules:
        if rule.name in _DISALLOW or rule.name == "allow":
            name = "Allow" if rule.name == "allow" else "Disallow"
            lines.append(f"{name}: {_ODD.sub(_quoted, rule.value)}")
    return "\n".join(lines)


def _quoted(sign: re.Match[str]) -> str:
    return quote(sign[0], safe="", errors="replace")


def _pattern_and_value(value: str) -> tuple[str, str]:
    """A preference may begin with the paths that it is for; without, it is for all."""
    first, _, rest = value.partition(" ")
    return (first, rest) if first.startswith(("/", "*")) else ("/", value)


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
