"""What a story is made of: repos, a manifest, and steps: what happens, what is said, what is typed, and the proof."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import field

from flowforge.data_class import dataclass
from flowforge.sandbox import Sandbox

OWNER = "acme"
# The repos of a manifest that are shown, before how many there are more.
_SHOWN = 2


@dataclass(slots=True)
class Stage:
    """Where a story plays: a local GitHub, and the values at the sources."""

    sandbox: Sandbox
    repos: tuple[str, ...]
    """All of them, as OWNER/REPO."""
    kinds: Mapping[str, str]
    """The environment variables that the manifest's sources name, each with the kind of its value."""
    values: dict[str, str] = field(default_factory=dict)
    """Their values of now."""
    earlier: dict[str, str] = field(default_factory=dict)
    """The value before that, of each that has been renewed."""

    def renew(self, variable: str) -> None:
        """Put a new value at a source."""
        if variable in self.values:
            self.earlier[variable] = self.values[variable]
        # Of the right shape, and valid nowhere.
        self.values[variable] = f"sk-ant-{self.kinds[variable]}-{secrets.token_hex(47)[:93]}AA"

    def holding(self, wanted: Callable[[str], Mapping[str, str]]) -> int:
        """Open every sealed box, and return how many repos hold exactly what they are wanted to."""
        return sum(self.sandbox.world.reveal(repo) == wanted(repo) for repo in self.repos)


@dataclass(frozen=True, slots=True)
class ShownValues:
    """What the sandbox says of the values that GitHub shows nobody."""

    holds: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """What a person types after `flowforge`."""

    line: str
    code: int = 0
    """The exit code with which it is to end."""


def _nothing(_: Stage) -> None:
    pass


def _no_proof(_: Stage) -> ShownValues:
    return ShownValues(holds=True, lines=())


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a story, in the order in which it is told."""

    said: tuple[str, ...]
    """What people read first."""
    commands: tuple[Command, ...] = ()
    """What is then typed."""
    happens: Callable[[Stage], None] = _nothing
    """What happened before, behind FlowForge's back."""
    proof: Callable[[Stage], ShownValues] = _no_proof
    """What is true at its end."""


@dataclass(frozen=True, slots=True)
class Story:
    """A story."""

    said: tuple[str, ...]
    """What people read first."""
    names: tuple[str, ...]
    """The names of the repos, all of one owner."""
    manifest: str
    """The manifest, with `{repos}` where these are listed."""
    kinds: Mapping[str, str]
    """As of the stage."""
    steps: tuple[Step, ...]
    """What happens, in order."""
    prepare: Callable[[Stage], None] = _nothing
    """What there is besides the repos when it begins."""
    time_scale: float = 1.0
    """How many times as fast as ours its clocks run."""

    @property
    def repos(self) -> tuple[str, ...]:
        """The repos, as OWNER/REPO."""
        return tuple(f"{OWNER}/{name}" for name in self.names)

    def stage(self) -> Stage:
        """Return where it plays. Nothing listens there yet."""
        return Stage(Sandbox(time_scale=self.time_scale), self.repos, self.kinds)

    def written_manifest(self) -> str:
        """Return the manifest as it is used."""
        return self.manifest.format(repos=_listed(self.repos))

    def shown_manifest(self) -> str:
        """Return the manifest as people are shown it."""
        more = f"... {len(self.repos) - _SHOWN} more"
        return self.manifest.format(repos=_listed((f"{OWNER}/api", f"{OWNER}/web", more)))


def _listed(repos: tuple[str, ...]) -> str:
    return "\n".join(f"      - {repo}" for repo in repos)
