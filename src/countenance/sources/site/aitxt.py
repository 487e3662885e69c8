"""
ai.txt (Spawning, https://site.spawning.ai/spawning-ai-txt): what a site wants no machine to learn
from. It is written like robots.txt; its patterns are mostly endings (`Disallow: *.jpg`).

It is an experiment and has no grammar. A pattern that is disallowed to everybody, or to us, forbids
what it matches; `images: disallow` forbids everything. What is allowed is not heeded, and a line
that is none is passed over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from countenance.sources.site.pattern import matches, path_of
from countenance.sources.site.veto import Answer, Veto

WHERE = "/ai.txt"
SIGNAL = "ai.txt"
MAX_BYTES = 1 << 20

_KINDS = frozenset({"image", "images", "media"})
_YES = frozenset({"allow", "allowed", "yes", "y", "true"})


@dataclass(frozen=True, slots=True)
class AiTxt:
    """What a host's file forbids: patterns of paths, each with the line it came from."""

    denied: tuple[tuple[str, str], ...] = ()
    closed: Veto | None = None

    def vetoes(self, url: str) -> tuple[Veto, ...]:
        """What it says against `url`: the first line that matches."""
        if self.closed is not None:
            return (self.closed,)
        path = path_of(url)
        # `*.jpg` is meant as an ending, whatever is asked of the server behind it.
        bare = path.partition("?")[0]
        for pattern, line in self.denied:
            if matches(pattern, path) or matches(pattern, bare):
                return (Veto(SIGNAL, WHERE, line),)
        return ()


def read(answer: Answer, *, agent: str) -> AiTxt:
    """What came for a host's `/ai.txt`, read as the agent with the product token `agent`."""
    if answer.is_absent or (answer.is_there and answer.is_page):
        return AiTxt()
    if not answer.is_there:
        return AiTxt(closed=answer.unanswered(SIGNAL, WHERE))
    if len(answer.body) > MAX_BYTES:
        return AiTxt(closed=Veto(SIGNAL, WHERE, f"more than {MAX_BYTES:,} bytes"))
    text = answer.body.decode("utf-8-sig", errors="replace")
    return AiTxt(tuple(_denied(re.split(r"[\r\n]+", text), agent.lower())))


# --------------------------------------------------------------------------------------------------


def _denied(lines: list[str], token: str) -> Iterator[tuple[str, str]]:
    agents = {"*"}  # lines before any name are for everybody
    within = True
    for line in lines:
        plain = line.partition("#")[0].strip()
        name, _, value = (part.strip() for part in plain.partition(":"))
        if name.lower() == "user-agent":
            agents = {value.lower()} if within else agents | {value.lower()}
            within = False
            continue
        within = within or bool(plain)
        if agents.isdisjoint({"*", token}) or not value:
            continue
        if name.lower() == "disallow":
            yield value if value.startswith(("/", "*")) else f"*{value}", plain
        elif name.lower() in _KINDS and value.lower() not in _YES:
            yield "/", plain
