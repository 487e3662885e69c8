"""`countenance notice`: the words that a person is shown before they agree."""

import click

from countenance.cli.answer import answer, say
from countenance.cli.command import Call, command


@command("notice", changes="nothing", example="countenance notice --language sv")
@click.option("--language", type=click.Choice(["en", "sv"]), help="Else the setting `language`.")
def notice(call: Call, *, language: str | None) -> None:
    """
    Show the words that a person is shown before they agree.

    They go to stdout as they are, so that their SHA-256, which a consent records, can be checked.
    """
    from countenance.people.notice import load_notice

    shown = load_notice(language or call.settings().language)
    document = {"language": shown.language, "sha256": shown.digest, "text": shown.text}
    answer(call, document, shown.text.splitlines())
    say(f"SHA-256 {shown.digest}")
