"""How a command asks for approval: one question on stderr, to which `yes` alone is yes."""

from flowforge.cli.output import Output
from flowforge.cli.streams import say
from flowforge.cli.surroundings import Outside
from flowforge.data_class import dataclass
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
        self._require_no(why)

    def _require_no(self, why: str) -> None:
        if why:
            what = f"{self.command} cannot ask for approval"
            raise UsageError(Problem("FF008", what, why=why, fix=self.otherwise))

    def given(self, question: str, output: Output | None = None) -> bool:
        """Ask, and return whether the answer is yes.

        output: what showed what it is about, where that was not stderr. Raise UsageError (FF008) if it was cut off.
        """
        cut_off = output is not None and (output.unread or output.broken)
        self._require_no("stdout did not take all that it is about" if cut_off else "")
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
