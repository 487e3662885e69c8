"""
What a page or an answer says to robots: the meta element `robots` and the header `X-Robots-Tag`
(https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag), with `noai` and
`noimageai`, which began at DeviantArt, and `noml`.

A face index is an index of images, built by a machine that learnt: each of them forbids it. Words
that are none of these (`max-snippet:20`, `noarchive`) say nothing about us. A date after which
something is not to be used (`unavailable_after`) forbids, to come or past: what we keep of it would
be there longer.
"""

import re

from countenance.sources.site.veto import Said, Veto

HEADER = "x-robots-tag"
FORBIDDING = frozenset({"noindex", "none", "noimageindex", "noai", "noimageai", "noml"})

_NOT_TO_FOLLOW = frozenset({"nofollow", "none"})
_EXPIRY = "unavailable_after"
# Words of a header that have a colon, and so look like the name of an agent.
_WITH_COLON = frozenset({_EXPIRY, "max-snippet", "max-image-preview", "max-video-preview"})
_AGENT = re.compile(r"\s*([^\s:,;=]+)\s*:(.*)", re.DOTALL)
# A date may hold a comma, after the name of its day.
_DATE = re.compile(_EXPIRY + r"\s*:?\s*((?:[a-z]{3,9},)?[^,]*)", re.IGNORECASE)


def in_header(value: str, *, agent: str, where: str) -> Said:
    """
    What an `X-Robots-Tag` says to `agent`.

    Only the word right behind another agent's name is left to that one. Those that follow may be of
    a second header, for everybody: HTTP lets a proxy join the two with a comma (RFC 9110, 5.3).
    """
    return _said(_for_agent(value, agent.lower()), HEADER, where)


def in_meta(name: str, content: str, *, agent: str, where: str) -> Said:
    """What a meta element says to `agent`: that is, if its name is `robots` or the agent's."""
    if name.strip().lower() not in {"robots", agent.lower()}:
        return Said()
    return _said(content, f"meta {name.strip().lower()}", where)


# --------------------------------------------------------------------------------------------------


def _for_agent(value: str, token: str) -> str:
    ours = []
    for part in value.split(","):
        named = _AGENT.fullmatch(part)
        if named is None or named[1].lower() in _WITH_COLON:
            ours.append(part)
        elif named[1].lower() in {token, "*"}:
            ours.append(named[2])
    return ",".join(ours)


def _said(text: str, signal: str, where: str) -> Said:
    words = [word.strip().lower() for word in re.split(r"[,;]", text)]
    words = [part for word in words for part in ([word] if ":" in word else word.split())]
    vetoes = [Veto(signal, where, word) for word in dict.fromkeys(words) if word in FORBIDDING]
    vetoes += [Veto(signal, where, f"{_EXPIRY}: {said.strip()}") for said in _DATE.findall(text)]
    return Said(tuple(vetoes), _NOT_TO_FOLLOW.isdisjoint(words))
