"""The GitHub token: where it is found, which hosts may have it, and the one place that reveals it."""

import base64
import hashlib
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from flowforge.errors import GitHubError, Problem
from flowforge.github.urls import ApiUrl, host_of
from flowforge.programs import trusted_path
from flowforge.vault import SecretValue

ALLOWED_HOSTS: Final = "FLOWFORGE_ALLOWED_HOSTS"
EXPLICIT: Final = "github.auth.token"
_OURS: Final = "FLOWFORGE_GITHUB_TOKEN"
# `gh help environment` (2.23 and later): the first pair is for github.com and ghe.com, the second for other hosts.
_DOTCOM: Final = ("GH_TOKEN", "GITHUB_TOKEN")
_ENTERPRISE: Final = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
# What gh needs to find its settings and a keyring: nothing else of our environment reaches it.
_FOR_GH: Final = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "TMPDIR",
        "GH_CONFIG_DIR",
        "XDG_CONFIG_HOME",
        "XDG_RUNTIME_DIR",
        "DBUS_SESSION_BUS_ADDRESS",
    }
)
# gh may wait for a person to unlock the keyring.
_GH_SECONDS: Final = 5.0
HIDDEN: Final = "[redacted]"
# Wherever 23 characters in a row begin, a whole piece of 12 in them begins at a multiple of 12.
_PIECE: Final = 12
_SHORTEST: Final = 8
_BLOCK: Final = 1 << 20
_LONGEST: Final = 8192  # of a token that stands across two blocks, however it is escaped
_DEPTH: Final = 2  # of JSON in JSON
_ESCAPE: Final = re.compile(r"\\(?:u00([2-7][0-9A-Fa-f])|([\"\\/]))")
_TOKEN: Final = re.compile(r"[!-~]+")
# Also of the newer form, `ghs_<APPID>_<JWT>`, which GitHub issues since 2026-04-27 (OpenAPI,
# apps/create-installation-access-token). So nothing here may rely on a length.
_INSTALLATION: Final = "ghs_"

RunGh = Callable[[str, Mapping[str, str]], SecretValue | None]


@dataclass(frozen=True, slots=True)
class GitHubToken:
    """A token and where it came from."""

    value: SecretValue
    """The token."""
    origin: str
    """Where it was found: the name of a variable, a manifest's key, or a command."""
    # An App's token inside a workflow looks the same. Only the origin GITHUB_TOKEN tells them apart.
    workflow: bool = False
    """Whether it may be the token that GitHub gives to every workflow run."""

    def header(self) -> str:
        """Return the value of the Authorization header. The caller keeps it no longer than one request."""
        return f"Bearer {self.value.reveal()}"

    def digest(self, purpose: str) -> str:
        """Return a short hash that names this token for one purpose. The token cannot be had from it."""
        text = f"{purpose}\0{self.value.reveal()}".encode()
        return hashlib.blake2b(text, digest_size=16, person=b"flowforge-token").hexdigest()

    @property
    def installation(self) -> bool:
        """Whether it is the token of a GitHub App's installation. A repo's `permissions` do not describe such a one."""
        return self.value.reveal().startswith(_INSTALLATION)


class Traces:
    """Recognises tokens in what came from outside, in whatever form, and hides the texts that hold them.

    A text is recognised if it holds all of a token, or 23 characters of it in a row: as they are, in base64 as `Basic`
    has it, in hexadecimal, or escaped as in URLs and JSON. A token of fewer than eight characters is not looked for:
    GitHub has none, and it would hide ordinary words.
    """

    # A proxy that echoes request headers would otherwise put the token into our messages and reports. Only hashes of
    # its pieces are kept, under Python's own random key, so that its text is in no second place.

    def __init__(self) -> None:
        self._known: tuple[tuple[int, int, frozenset[int]], ...] = ()

    def add(self, value: SecretValue) -> None:
        """Recognise one more token from now on."""
        length = len(value.reveal())
        if length < _SHORTEST:
            return
        width = _PIECE if length >= 2 * _PIECE else _SHORTEST
        pieces = {
            hash(form[start : start + width])
            for form in _forms(value.reveal())
            for start in range(len(form) - width + 1)
        }
        # Whatever the place of a token in a text, one of its pieces is at a multiple of the step.
        self._known += ((width, min(width, length - width + 1), frozenset(pieces)),)

    def seen(self, text: str) -> bool:
        """Return whether a token is in a text, as it is or once its escapes are read."""
        if self._in(text):
            return True
        plain = text
        for _ in range(_DEPTH if "\\" in text else 0):
            plain = _ESCAPE.sub(_unescaped, plain)
        if "%" in plain:
            plain = unquote(plain)
        return plain != text and self._in(plain)

    def hide(self, text: str) -> str:
        """Return a text, or `[redacted]` if a token is in it."""
        return HIDDEN if self.seen(text) else text

    def within(self, data: bytes) -> bool:
        """Return whether a token is in a file."""
        return any(
            self.seen(data[start : start + _BLOCK + _LONGEST].decode("latin-1"))
            for start in range(0, len(data), _BLOCK)
        )

    def _in(self, text: str) -> bool:
        return any(
            hash(text[at : at + width]) in pieces
            for width, step, pieces in self._known
            for at in range(0, len(text) - width + 1, step)
        )


def _forms(token: str) -> Iterator[str]:
    """Yield a token as others may write it: plain, in hexadecimal, and in base64 after any number of bytes before."""
    data = token.encode()
    yield from (token, data.hex(), data.hex().upper())
    for before in range(3):
        # Base64 makes four characters of three bytes. The characters at both ends also depend on what stands beside the
        # token, so they are left out.
        text = base64.b64encode(bytes(before) + data).decode("ascii").rstrip("=")[before and before + 1 : -1]
        yield from (text, text.replace("+", "-").replace("/", "_"))


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape.group(1), 16)) if escape.group(1) else escape.group(2)


def run_gh(host: str, environ: Mapping[str, str], seconds: float = _GH_SECONDS) -> SecretValue | None:
    """Ask `gh` for the token that it keeps for a host; None without gh, or if it has none or hangs."""
    argv = ("gh", "auth", "token", "--hostname", host)
    kept = {name: text for name, text in environ.items() if name in _FOR_GH} | {"PATH": trusted_path(environ)}
    try:
        done = subprocess.run(  # noqa: S603 -- a fixed command; the host was parsed from a URL, and no shell reads it
            argv, env=kept, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=seconds
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = done.stdout.decode("ascii", "replace").strip()
    return SecretValue(text) if done.returncode == 0 and text else None


def find_token(
    api: ApiUrl, explicit: SecretValue | None, environ: Mapping[str, str], *, run_gh: RunGh = run_gh
) -> GitHubToken:
    """Find the token for an API, in the places and the order that the documentation states.

    explicit: the value of the manifest's `github.auth.token`, read already. Raises GitHubError: FF310 for a host that
    no token goes to, FF300 if there is no token, FF301 for a text that cannot be one.
    """
    # Before anything is asked for a token: gh would hand out the one of whatever host the manifest names.
    check_host(api, environ)
    found = next(_candidates(api, explicit, environ, run_gh), None)
    if found is None:
        raise GitHubError(_nowhere(api))
    value, origin = found
    if not _TOKEN.fullmatch(value.reveal()):
        why = "it holds a space, a line break, a control character or a letter outside ASCII"
        raise GitHubError(
            Problem("FF301", "the token cannot be used", origin, why, "store it again, whole and on one line")
        )
    # GitHub's own token has no permission for secrets at all; saying so helps more than the 403 that it would meet.
    workflow = "GITHUB_ACTIONS" in environ and value.reveal().startswith(_INSTALLATION)
    return GitHubToken(value, origin, workflow)


def check_host(api: ApiUrl, environ: Mapping[str, str]) -> None:
    """Refuse a host that only the manifest names: GitHubError FF310."""
    # A pull request can change the manifest. Its author must not thereby have the token sent to a host of theirs.
    own = host_of(environ.get("GITHUB_API_URL", ""))
    allowed = {host.strip().lower() for host in environ.get(ALLOWED_HOSTS, "").split(",")}
    if api.dotcom or api.loopback or api.host == own or not allowed.isdisjoint({api.host, f"{api.host}:{api.port}"}):
        return
    why = "a token goes only to GitHub itself, this machine, the host of GITHUB_API_URL, or a host that you allow"
    fix = f"if you trust it, set {ALLOWED_HOSTS}={api.host} where FlowForge runs"
    raise GitHubError(Problem("FF310", f"no token goes to {api.host}", "github.api_url", why, fix))


def _names(api: ApiUrl) -> tuple[str, ...]:
    if api.loopback:
        return (_OURS, *_DOTCOM, *_ENTERPRISE)
    return (_OURS, *(_DOTCOM if api.dotcom else _ENTERPRISE))


def _candidates(
    api: ApiUrl, explicit: SecretValue | None, environ: Mapping[str, str], run_gh: RunGh
) -> Iterator[tuple[SecretValue, str]]:
    """Yield tokens with their origin, best first; gh is run only when it is asked for the next one."""
    if explicit is not None:
        yield explicit, EXPLICIT
    for name in _names(api):
        if environ.get(name):
            yield SecretValue(environ[name]), name
    # gh keeps nothing for this machine, and a sandbox needs no real token.
    kept = None if api.loopback else run_gh(api.web_host, environ)
    if kept is not None:
        yield kept, _gh(api)


def _gh(api: ApiUrl) -> str:
    return f"gh auth token --hostname {api.web_host}"


def _nowhere(api: ApiUrl) -> Problem:
    places = ", ".join((EXPLICIT, *_names(api)))
    gh = "" if api.loopback else f", `{_gh(api)}`"
    fix = f"set {_OURS}" + ("" if api.loopback else f", or run: gh auth login --hostname {api.web_host}")
    return Problem("FF300", f"no GitHub token found for {api.host}", why=f"looked in {places}{gh}", fix=fix)
