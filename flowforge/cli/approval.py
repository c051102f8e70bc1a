"""How a command asks for approval: one question on stderr, to which `yes` alone is yes."""

from dataclasses import dataclass

from flowforge.cli.output import Output
from flowforge.cli.streams import say
from flowforge.cli.surroundings import Outside
from flowforge.errors import Problem, UsageError


@dataclass(frozen=True, slots=True)
class Approval:
    """What a command asks for, in its own words."""

    command: str
    """The command that asks."""
    nothing: str
    """What a no comes to: `nothing was written`."""
    fix: str
    """How to say yes, and how not to be asked."""
    otherwise: str = "say --yes"
    """What to do where nobody can be asked."""

    def require_somebody(self, output: Output) -> None:
        """Raise UsageError (FF008) where nobody can be asked, or would not see what about."""
        name = output.format.name.upper()
        why = "" if output.format.streams else f"stdout is for {name}, so the plan is not shown"
        why = why if Outside.now().screen.is_read() else "stdin is not a terminal"
        if why:
            what = f"{self.command} cannot ask for approval"
            raise UsageError(Problem("FF008", what, why=why, fix=self.otherwise))

    def given(self, question: str) -> bool:
        """Ask, and return whether the answer is yes."""
        say("", f"{question}? Only 'yes' is accepted.")
        # As Terraform has it: `y` is typed without reading, a whole word is not.
        return _answer() == "yes"

    def refused(self) -> UsageError:
        """Return the error of a no (FF013)."""
        return UsageError(Problem("FF013", f"{self.command} was not approved", why=self.nothing, fix=self.fix))


def _answer() -> str:
    try:
        return Outside.now().screen.line()
    except EOFError:  # stdin is a terminal, and somebody pressed Ctrl-D
        return ""
