"""What every page is given: the threads with libraries, the templates, the rates."""

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import HTMLResponse

from countenance.jobs.scanning import Scanning
from countenance.jobs.searching import Searching
from countenance.web.assets import Assets
from countenance.web.held import Held
from countenance.web.languages import Language
from countenance.web.pages import Pages
from countenance.web.pool import Pool
from countenance.web.rates import Rates


@dataclass(frozen=True, slots=True)
class Web:
    """One server's. `address` is where others reach it, such as `https://faces.example`."""

    pool: Pool
    assets: Assets
    pages: Pages
    searching: Searching
    scanning: Scanning
    address: str = ""
    rates: Rates = field(default_factory=Rates)
    held: Held = field(default_factory=Held)

    def page(
        self, request: Request, template: str, /, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """See `Pages.page`."""
        return self.pages.page(request, template, status=status, **values)

    def close(self) -> None:
        """Let go of the libraries, once what is under way is finished. May be called again."""
        self.searching.close()
        self.scanning.close()
        self.pool.close()

    def language(self, request: Request) -> Language:
        return self.pages.language(request)

    def url(self, request: Request, path: str) -> str:
        """The whole address of a path of ours, to be given to somebody."""
        return f"{self.address or str(request.base_url).rstrip('/')}{path}"


def web_of(request: Request) -> Web:
    """The `Web` of the application that `request` was made to."""
    web = request.app.state.web
    assert isinstance(web, Web)  # noqa: S101  the application sets it before it answers anything
    return web
