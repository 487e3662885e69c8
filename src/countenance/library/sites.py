"""Web sites: how this library is named to whoever grants them."""

from countenance.library.opened import Opened
from countenance.sources.site.grantfile import site_token
from countenance.sources.site.guard import Origin


class Sites(Opened):
    """What a library has to do with web sites, as one subject of `Library`."""

    def site_token(self, host: Origin) -> str:
        """
        What a grant file of `host` names this library by, 43 characters; of the log's own key.

        Raises `Unavailable` if the keys are not here.
        """
        return site_token(self._trail.key().public, host)
