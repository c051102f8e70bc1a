"""`flowforge status --from`: the reports of other runs, joined. Nobody is asked, and no manifest is read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from flowforge.cli.panel_option import Carried, PanelOption
from flowforge.cli.posted_report import MOST, read_report
from flowforge.errors import Problem, UsageError, printable
from flowforge.life.joining import join
from flowforge.render.document import Document, head


def joined_document(files: Sequence[Path], owner_of: str) -> Document:
    """Return the document of all reports. Raises UsageError FF037 to FF039, and PostError FF800 to FF803."""
    _require_alone()
    reports = {str(file): _printable(read_report(file, MOST, kinds=("status",), use="joined")) for file in files}
    hosts = {report["host"] or "" for report in reports.values()}
    return {**head("status", hosts.pop() if len(hosts) == 1 else ""), **join(reports, owner_of)}


def _printable(part: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Return a document with each of its texts as one of ours would have it: a line break in a name makes no line."""
    match part:
        case str():
            return printable(part)
        case dict():
            return {name: _printable(inner) for name, inner in part.items()}
        case list():
            return [_printable(inner) for inner in part]
    return part


def _require_alone() -> None:
    """Refuse what says which lines of a manifest are looked at. Raises UsageError FF038."""
    context = click.get_current_context()
    said = [
        option.opts[-1]
        for option in context.command.params
        if isinstance(option, PanelOption)
        and option.carried is not Carried.NOT
        and context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    ]
    if said:
        what, why = "--from reads reports, and no manifest", f"{' and '.join(said)} chooses among a manifest's lines"
        raise UsageError(Problem("FF038", what, why=why, fix="say it where each report is made, or leave out --from"))
