"""`flowforge sandbox`: run a local GitHub to rehearse against, and say how to point FlowForge and gh at it."""

import json
import os
import secrets
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

from flowforge.cli.output import Output
from flowforge.cli.signals import interruption
from flowforge.cli.streams import say
from flowforge.data_class import dataclass
from flowforge.errors import ExitCode, Problem, UsageError, printable, quote
from flowforge.on_demand import load
from flowforge.render.phrases import count as count_of
from flowforge.sandbox import Sandbox
from flowforge.sandbox.rules.traffic import Logged

_REPOS: Final = 25


def main(
    *,
    repos: int | None,
    world: Path | None,
    owner: str,
    port: int,
    socket_path: Path | None,
    time_scale: float,
    latency: float,
    limits: bool,
    token: str,
    app_key: tuple[Path, str] | None,
    ready_file: Path | None,
    log: bool,
) -> int:
    """Run it until Ctrl-C, and return the exit code."""
    sandbox = Sandbox(port=port, socket_path=socket_path, token=token, time_scale=time_scale)
    count = (0 if world else _REPOS) if repos is None else repos
    sandbox.world.create_repos(owner, count)
    described = load("flowforge.cli.sandbox.world_file").build(world, sandbox.world) if world else 0
    sandbox.world.limits.enabled = limits
    sandbox.world.settings.latency = latency / 1000
    if log:
        sandbox.world.traffic.told = _say_request
    app = _installed(sandbox, owner, *app_key) if app_key else None
    announced = _announced(sandbox, ready_file, app) if ready_file else nullcontext()
    output = Output(fits=False)
    with suppress(KeyboardInterrupt), interruption(), sandbox, announced:
        anthropic = sandbox.serve_anthropic()
        output.lines(_directions(_content(owner, count, world, described), owner, app))
        output.lines(_exports(sandbox, anthropic))
        # Of a sandbox that nobody was told of nobody has the token: it would serve nobody, and for ever.
        while ready_file or not output.unread:
            time.sleep(3600)  # the sandbox serves in threads of its own; a signal ends this one
    return ExitCode.DONE


@dataclass(frozen=True, slots=True)
class _App:
    """The App that the sandbox begins with."""

    id: int
    client_id: str
    key: Path
    """The file of its key."""


def _installed(sandbox: Sandbox, owner: str, key: Path, pem: str) -> _App:
    """Register an App with this key, and install it on all that the owner has."""
    sandbox.world.create_org(owner)  # which has no repositories yet where none were asked for
    made = sandbox.world.create_app("flowforge", pem)
    sandbox.world.install_app("flowforge", owner)
    return _App(int(made["id"]), str(made["client_id"]), key)


def _content(owner: str, count: int, world: Path | None, described: int) -> str:
    """Return what the sandbox has, as a part of a sentence."""
    of_file, further = _repositories(described), _repositories(count)
    numbered = f"{further}, {owner}/repo-001" + (" and so on" if count > 1 else "")
    said = f"{of_file} of {printable(str(world))}"
    return f"{said}, and {numbered}" if world and count else said if world else numbered


def _repositories(number: int) -> str:
    return count_of(number, "repository", "repositories")


def _say_request(entry: Logged) -> None:
    by = f" {entry.by}" if entry.by else ""
    say(f"{entry.method} {printable(entry.path)} {entry.status or 'dropped'}{printable(by)}")


def _directions(content: str, owner: str, app: _App | None) -> Iterator[str]:
    """Yield what there is to know. A shell that takes no comments at its prompt, as zsh, runs none of it if pasted."""
    yield f"# A local GitHub with {content}. Ctrl-C ends it, and nothing stays."
    if app:
        yield f"# A manifest may sign in as the GitHub App flowforge, id {app.id}, which is installed at {owner}:"
        file = json.dumps(str(app.key.absolute()), ensure_ascii=False)
        yield f"# github: {{auth: {{app: {{client_id: {app.client_id}, private_key: {{file: {file}}}}}}}}}"
    yield "# Change it behind the back of FlowForge: flowforge sandbox do --help"


def _exports(sandbox: Sandbox, anthropic: str) -> Iterator[str]:
    """Yield the lines to paste, all together and last, so that one drag of the mouse has them."""
    token = shlex.quote(sandbox.token)
    yield "# Paste the lines below where you work. The key is made up, and works nowhere:"
    yield f"export GITHUB_API_URL={sandbox.url}"
    yield f"export FLOWFORGE_GITHUB_TOKEN={token}"
    if sandbox.world.clock.scale != 1:
        yield f"export FLOWFORGE_TIME_SCALE={sandbox.world.clock.scale:g}"
    if sandbox.socket is not None:
        # With a configuration of its own, so that theirs stays as it is.
        yield 'export GH_CONFIG_DIR="$(mktemp -d)"'
        yield f"export GH_TOKEN={token}"
        yield f"gh config set http_unix_socket {shlex.quote(str(sandbox.socket.absolute()))}"
    yield f"export ACME_ANTHROPIC_KEY={_made_up_key()}"
    yield f"export FLOWFORGE_ANTHROPIC_URL={anthropic}"
    yield "export FLOWFORGE_ALLOWED_VERIFY_HOSTS=127.0.0.1"


def _made_up_key() -> str:
    """Return an API key that has the shape of one, and says of itself that it is none."""
    return f"sk-ant-api03-{f'made-up-by-the-sandbox-{secrets.token_hex(47)}'[:93]}AA"


@contextmanager
def _announced(sandbox: Sandbox, ready_file: Path, app: _App | None) -> Iterator[None]:
    """Keep the ready file there, readable by its owner only, while the sandbox listens."""
    where = {"url": sandbox.url, "socket": str(sandbox.socket.absolute()) if sandbox.socket else None}
    known = {"app": {"id": app.id, "client_id": app.client_id}} if app else {}
    text = json.dumps({**where, "token": sandbox.token, "pid": os.getpid(), **known})
    # Whoever waits for the ready file must not read half of it, so it gets its name when it is whole.
    half = ready_file.with_name(f"{ready_file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        half.replace(ready_file)
    except OSError as error:
        what = f"the ready file {quote(str(ready_file))} cannot be written"
        raise UsageError(Problem("FF042", what, why=str(error.strerror), fix="choose another --ready-file")) from None
    try:
        yield
    finally:
        ready_file.unlink(missing_ok=True)
