"""The sweep catches what it is there to catch: a leak into any one sink, and a command that nobody registered."""

import click
import pytest

from flowforge.cli.main import cli
from flowforge.run import planning
from tests.sweep.commands import APART, OTHERS, READING
from tests.sweep.seek import WINDOW
from tests.sweep.sinks import SINKS
from tests.sweep.stage import Stage

pytestmark = pytest.mark.no_coverage


@pytest.mark.parametrize("form", ["plain", "hex"])
@pytest.mark.parametrize("name", SINKS)
def test_a_leak_into_any_one_sink_is_caught(
    stage: Stage, name: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight characters of the value, written on purpose into one sink in the middle of a plan, are found there."""
    stage.bench.value("new")
    value = str(stage.bench.values["new"])
    stage.seek(value)
    part = value[40 : 40 + WINDOW]
    text = part if form == "plain" else part.encode().hex()

    def leak(*_: object, **__: object) -> tuple[str, ...]:
        SINKS[name].leak(stage, text)
        return ()

    monkeypatch.setattr(planning, "advise", leak)
    stage.run("plan")
    assert {name} == {found.partition(":")[0] for found in stage.leaks()}


def test_every_command_is_in_the_sweep() -> None:
    """A command that is added to FlowForge is added to the sweep."""
    with click.Context(cli) as context:
        commands = set(cli.list_commands(context))
    assert commands == {args[0] for args in (*READING, *OTHERS) if args and not args[0].startswith("-")} | {*APART}
