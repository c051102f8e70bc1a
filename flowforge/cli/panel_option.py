"""What our options are: in a part of the help, carried into printed commands or not, and given one value or several."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final

import click

from flowforge.errors import quote


class Carried(Enum):
    """What of a command line the commands that it prints are given, too: see `flowforge.cli.called`."""

    NOT = auto()
    MANIFEST = auto()
    OWNER = auto()
    # Which lines are planned: without them a command that is pasted would be about others than were shown.
    LINES = auto()


class PanelOption(click.Option):
    """An option with the part of the help that it stands in, and whether printed commands get it."""

    def __init__(self, names: Sequence[str], panel: str, carried: Carried, **settings: Any) -> None:  # noqa: ANN401 -- click's own settings
        super().__init__(names, **settings)
        self.panel: Final = panel
        self.carried: Final = carried

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:  # noqa: ANN401 -- click names no type for it
        """Keep every value that is given: of several click would keep the last without a word."""
        if self.multiple or self.is_flag or self.count:
            super().add_to_parser(parser, ctx)
        else:
            parser.add_option(obj=self, opts=self.opts, dest=self.name, action="append", nargs=self.nargs)

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Take the one value of an option that takes one. Raises BadParameter for different ones."""
        given = opts.get(self.name or "")
        if isinstance(given, list) and not self.multiple:
            if len(several := [*dict.fromkeys(given)]) > 1 and not ctx.resilient_parsing:
                said = f"it takes one value, and was given {' and '.join(map(quote, several))}"
                raise click.BadParameter(said, ctx, self)
            opts = {**opts, self.name or "": given[-1]}
        return super().handle_parse_result(ctx, opts, args)
