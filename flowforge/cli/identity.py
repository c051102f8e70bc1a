"""`flowforge identity rules`: the federation rules that the workload identities of a manifest need."""

from typing import Any, Final

from flowforge import run
from flowforge.cli.output import output_of
from flowforge.cli.request import request
from flowforge.cli.signals import interruption
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, printable
from flowforge.render.rules_view import rules_document, rules_lines

# What the options of a plan would be, of which this command has few.
_ALL: Final = {"limit": (), "exclude": (), "tags": (), "skip_values": True}


def main(**given: Any) -> int:  # noqa: ANN401 -- click hands every option by name
    """Print the rules, and return the exit code."""
    output = output_of(given, "rules")
    with output.explaining(), interruption() as interrupted:
        rules = run.federation_rules(request(interrupted, {**_ALL, **given}, quiet=output.quiet))
        document = rules_document(rules)
        if not output.quiet:
            say(*(f"warning: {printable(warning)}" for warning in rules.warnings))
        output.lines(rules_lines(document))
    output.finish(document)
    # A rule that lacks somebody looks like any other.
    code = ExitCode.DONE if rules.complete else ExitCode.PARTIAL
    code = ExitCode.ERROR if output.broken else code
    output.conclude(document, code)
    return code
