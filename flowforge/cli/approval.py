"""How a command asks for approval: one question on stderr, to which `yes` alone is yes."""

from dataclasses import dataclass

from flowforge.cli.output import Output
from flowforge.cli.outside import Outside
from flowforge.cli.streams import say
from flowforge.errors import Problem, UsageError


@dataclass(frozen=True, slots=True)
class Approval:
    """What is asked for. nothing: what a no comes to, `nothing was written`. fix: how to say yes, and not to be asked.

    otherwise: what to do where nobody can be asked.
    """

    command: str
    nothing: str
    fix: str
    otherwise: str = "say --yes"

    def require_somebody(self, output: Output) -> None:
        """Raise UsageError (FF008) where nobody can be asked, or would not see what about."""
        name = output.format.name.upper()
        why = "" if output.format.streams else f"stdout is for {name}, so the plan is not shown"
        why = why if Outside.now().screen.is_read() else "stdin is not a terminal"
        if why:
            what = f"{self.command} cannot ask for approval"
            raise UsageError(Problem("FF008", what, why=why, fix=self.otherwise))

    def given(self, question: str) -> bool:
        """Ask."""
        say("", f"{question}? Only 'yes' is accepted.")
        return _answer() == "yes"

    def refused(self) -> UsageError:
        """Give the error of a no (FF013)."""
        return UsageError(Problem("FF013", f"{self.command} was not approved", why=self.nothing, fix=self.fix))


def _answer() -> str:
    try:
        return Outside.now().screen.line()
    except EOFError:
        return ""
