"""`countenance config`: the settings, and where each comes from."""

from dataclasses import fields

import click

from countenance.cli.answer import answer, table
from countenance.cli.command import Call, command, group
from countenance.settings import setting_origins

config = group("config", "Show the settings, and where each comes from.")


@command("show", of=config, changes="nothing", example="countenance config show --origin")
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
def show(call: Call, *, origin: bool) -> None:
    """Show the settings that a command run here would have."""
    settings = call.settings()
    origins = setting_origins(call.root, given=call.given)
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    document = {
        "library": call.root,
        "settings": {
            name: {"value": value, "origin": origins[name]} for name, value in values.items()
        },
    }
    rows = [(name, str(value), origins[name]) for name, value in values.items()]
    shown = rows if origin else [row[:2] for row in rows]
    answer(call, document, [f"library {call.root}", *table(shown)])
