"""Pages: templates filled in, in the language of whoever asks."""

from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from countenance import __version__
from countenance.web.assets import Assets
from countenance.web.languages import COOKIE, Language, chosen, read_languages

FOLDER = Path(__file__).parent / "templates"

_COOKIE_SECONDS = 365 * 24 * 3600


class Pages:
    """
    The templates, once for each language.

    In each are, besides what a page gives it: `language`, `languages`, `asset(name)`,
    `here(**query)` for the page's own path with another query, `in_language(tag)` for the very same
    page in a language, and the filters `day`, `last_day`, `instant` and `number`.
    """

    def __init__(self, assets: Assets) -> None:
        self.languages = read_languages()
        self._environments = {
            tag: _environment(language, self.languages, assets)
            for tag, language in self.languages.items()
        }

    def language(self, request: Request) -> Language:
        """The language of whoever asks."""
        return self.languages[chosen(request, self.languages)]

    def page(
        self, request: Request, template: str, /, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """
        The page that `template` (a path in `templates/`) makes of `values`.

        Nobody may keep it: most of them are of somebody.
        """
        answer = HTMLResponse(self.fill(request, template, **values), status)
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Content-Language"] = self.language(request).tag
        if request.query_params.get("lang") in self.languages:
            answer.set_cookie(
                COOKIE,
                self.language(request).tag,
                max_age=_COOKIE_SECONDS,
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
        return answer

    def fill(self, request: Request, template: str, /, **values: object) -> str:
        """A part of a page, as text."""
        environment = self._environments[self.language(request).tag]

        def here(**query: object) -> str:
            return f"{request.url.path}?{urlencode(query)}" if query else request.url.path

        def in_language(tag: str) -> str:
            kept = [one for one in request.query_params.multi_items() if one[0] != "lang"]
            return f"{request.url.path}?{urlencode([*kept, ('lang', tag)])}"

        values |= {"here": here, "in_language": in_language, "request": request}
        return environment.get_template(template).render(**values)


# --------------------------------------------------------------------------------------------------


def _environment(language: Language, languages: dict[str, Language], assets: Assets) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    environment.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(
        language=language,
        languages=list(languages.values()),
        asset=assets.url,
        version=__version__,
    )
    environment.filters.update(
        day=language.day,
        last_day=language.last_day,
        instant=language.instant,
        number=language.number,
    )
    return environment
