"""How the reader of IIIF fetches: through the guarded client, at the servers that were named."""

from countenance.errors import Reason, Unavailable, Unreadable
from countenance.sources.iiif.reader import Fetch
from countenance.sources.site.client import Asked, Fetcher
from countenance.sources.site.guard import Origin

_OK = 200
_GONE = frozenset({404, 410})
_NOT_ALLOWED = frozenset({401, 402, 403, 451})
_LATER = frozenset({408, 425, 429, 502, 503, 504})
_SERVERS_FAULT = 500


def fetch_from(fetcher: Fetcher, servers: frozenset[Origin]) -> Fetch:
    """What fetches with `fetcher`, and from nowhere but `servers`."""

    def fetch(url: str, /, *, max_bytes: int) -> bytes:
        answer = fetcher.fetch(Asked(url, within=servers, max_bytes=max_bytes))
        if answer.status == _OK:
            return answer.body
        if answer.status in _LATER:
            raise Unavailable(f"{url}: the server answers {answer.status}")
        raise Unreadable(_reason(answer.status), f"{url}: the server answers {answer.status}")

    return fetch


# --------------------------------------------------------------------------------------------------


def _reason(status: int) -> Reason:
    if status in _GONE:
        return Reason.VANISHED
    if status in _NOT_ALLOWED:
        return Reason.NO_PERMISSION
    # Of one picture alone: a server that is down as a whole answers otherwise, or not at all.
    return Reason.SERVER_ERROR if status >= _SERVERS_FAULT else Reason.NOT_A_PICTURE
