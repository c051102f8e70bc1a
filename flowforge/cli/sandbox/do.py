"""`flowforge sandbox do`: change a sandbox that runs, and look at what GitHub would not show."""

import http.client
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from flowforge.api_address import is_loopback
from flowforge.cli.output import Output, around
from flowforge.cli.sandbox.arguments import read_arguments
from flowforge.cli.signals import interruption, written
from flowforge.cli.streams import reason
from flowforge.cli.usage import unknown_command
from flowforge.errors import ExitCode, Problem, UsageError, printable, quote
from flowforge.sandbox_verbs import VERBS

# Seconds; the slowest verb makes 100,000 repositories.
_PATIENCE: Final = 120
_DONE: Final = 200
_SAY_WHERE: Final = "run the lines that `flowforge sandbox` prints, or name its --ready-file"


class _Address(NamedTuple):
    """Where a sandbox listens, and its own token."""

    host: str
    port: int
    path: str
    token: str

    @property
    def url(self) -> str:
        """Its address, for people."""
        return f"http://{self.host}:{self.port}"


def main(*, verb: str, arguments: tuple[str, ...], ready_file: Path | None) -> int:
    """Have the verb done, print what it returns, and return the exit code."""
    if verb not in VERBS:
        raise unknown_command(verb, VERBS, "flowforge sandbox do")
    asked = read_arguments(VERBS[verb], arguments)
    address = _of_file(ready_file) if ready_file else _of_environment(os.environ)
    with interruption():
        found = _ask(address, verb, asked)
    output = Output(fits=False)
    if found is not None:
        text = found if isinstance(found, str) else json.dumps(found, indent=2, ensure_ascii=False)
        output.lines(text.removesuffix("\n").split("\n"))
    return ExitCode.ERROR if output.broken else ExitCode.DONE


def _of_environment(environ: Mapping[str, str]) -> _Address:
    """Return the sandbox that FlowForge is pointed at. Raises UsageError (FF044)."""
    url, token = environ.get("GITHUB_API_URL", ""), environ.get("FLOWFORGE_GITHUB_TOKEN", "")
    if not url or not token:
        raise _nowhere("one of them is not set", "GITHUB_API_URL and FLOWFORGE_GITHUB_TOKEN")
    return _address(url, token, "GITHUB_API_URL")


def _of_file(path: Path) -> _Address:
    """Return the sandbox that wrote a ready file. Raises UsageError (FF044)."""
    try:
        with open(around(path).read(path), encoding="utf-8") as file:  # noqa: PTH123 -- a descriptor
            match json.load(file):
                case {"url": str() as url, "token": str() as token}:
                    return _address(url, token, "the ready file")
        why = "it is no ready file"
    except OSError as error:
        why = reason(error)
    except (ValueError, RecursionError):
        why = "it is no ready file"
    raise _nowhere(why, f"the ready file {quote(str(path))}")


def _address(url: str, token: str, origin: str) -> _Address:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        # A header is one line of ASCII, whatever the file or the variable holds.
        usable = parts.scheme == "http" and is_loopback(host) and token.isascii() and token.isprintable()
    except ValueError:
        usable = False
    if not usable:
        # It might be the real GitHub's, whose token must go nowhere.
        raise _nowhere("a sandbox listens on this machine alone, by plain HTTP", origin)
    return _Address(host, port, parts.path.rstrip("/"), token)


def _nowhere(why: str, origin: str) -> UsageError:
    return UsageError(Problem("FF044", f"no sandbox is named by {origin}", why=why, fix=_SAY_WHERE))


def _ask(address: _Address, verb: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- JSON
    """Return what the verb returns. Raises UsageError (FF045, FF046)."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=_PATIENCE)
    headers = {"Authorization": f"Bearer {address.token}", "Content-Type": "application/json"}
    body = json.dumps(arguments).encode()
    written.set()  # whatever ends it from here on, nobody can say that nothing was changed
    try:
        connection.request("POST", f"{address.path}/_sandbox/{verb}", body, headers)
        answer = connection.getresponse()
        status, found = answer.status, json.loads(answer.read())
    except OSError as error:
        raise _silent(address, reason(error)) from None
    except (http.client.HTTPException, ValueError, RecursionError):
        raise _silent(address, "what answers there is no sandbox") from None
    finally:
        connection.close()
    if status == _DONE:
        return found
    message = found.get("message") if isinstance(found, dict) else None
    raise UsageError(
        Problem(
            "FF046",
            f"the sandbox did not do {verb}",
            why=printable(message if isinstance(message, str) else f"it answered {status}"),
            fix=f"say {VERBS[verb].usage}",
        )
    )


def _silent(address: _Address, why: str) -> UsageError:
    what = f"no sandbox answers at {printable(address.url)}"
    return UsageError(Problem("FF045", what, why=why, fix="start `flowforge sandbox`, and run the lines it prints"))
