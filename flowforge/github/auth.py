"""The GitHub token: where it is found, which hosts may have it, and the one place that reveals it."""

import hashlib
import re
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from flowforge.data_class import dataclass
from flowforge.errors import GitHubError, Problem
from flowforge.github.permissions import Needs
from flowforge.github.problems import TokenError
from flowforge.github.traces import Traces
from flowforge.github.urls import ApiUrl, host_of
from flowforge.programs import trusted_path
from flowforge.tokens import recognise
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
        return digest_of(self.value.reveal(), purpose)

    def etag(self, accept: str, body: bytes | bytearray) -> str:
        """Return the ETag that GitHub gives to a body that it sends to this token. The token cannot be had from it.

        It is not documented; recordings of answers agree with it (bored-engineer/github-conditional-http-transport).
        """
        head = f"{accept}:{self.header()}:".encode("latin-1", "replace")
        return f'W/"{hashlib.sha256(head + body).hexdigest()}"'

    @property
    def installation(self) -> bool:
        """Whether it is the token of a GitHub App's installation. A repo's `permissions` do not describe such a one."""
        return self.value.reveal().startswith(_INSTALLATION)

    def current(self) -> "GitHubToken":
        """Return the token itself, which never changes."""
        return self

    def served(self, token: "GitHubToken") -> None:
        """Do nothing: a token that cannot be renewed need not be known to have served."""

    def renew(self, refused: "GitHubToken", time: datetime | None) -> bool:
        """Return False: there is no other one."""
        del refused, time
        return False

    def need(self, needs: Needs, repos: Collection[int | str] = ()) -> None:
        """Do nothing: what it may do was said when it was made."""

    def lacks(self, needs: Needs) -> tuple[str, ...]:
        """Return nothing: GitHub does not say what it may do."""
        del needs
        return ()

    def apart(self, needs: Needs, repos: Collection[int | str] = ()) -> None:
        """Return None: there is no other one."""
        del needs, repos

    def known_to(self, traces: Traces) -> None:
        """Let the token be recognised in every answer."""
        traces.add(self.value)


class TokenSource(Protocol):
    """What a client has the token of each request from. Thread-safe."""

    @property
    def origin(self) -> str:
        """Where it comes from, in words: the name of a variable, a manifest's key, or a command."""

    @property
    def workflow(self) -> bool:
        """Whether it may be the token that GitHub gives to every workflow run."""

    @property
    def installation(self) -> bool:
        """Whether it is that of a GitHub App's installation."""

    def current(self) -> GitHubToken:
        """Return the token to send now. Raises TokenError where there is none to be had."""

    def served(self, token: GitHubToken) -> None:
        """Note that GitHub has accepted a token."""

    def renew(self, refused: GitHubToken, time: datetime | None) -> bool:
        """Return whether there is another token to try, after a 401. time: GitHub's, of that answer."""

    def digest(self, purpose: str) -> str:
        """Return a short hash that names whose limits are used, for one purpose."""

    def need(self, needs: Needs, repos: Collection[int | str] = ()) -> None:
        """Name what the next tokens are for, and the only repos, by their ids or names; none for all of the owner's."""

    def lacks(self, needs: Needs) -> tuple[str, ...]:
        """Return what it certainly lacks, in words: `Secrets: write`. Raises as `current` does."""

    def apart(self, needs: Needs, repos: Collection[int | str] = ()) -> "TokenSource | None":
        """Return a source of tokens of the same account for these needs and repos alone; None where one has to do."""

    def known_to(self, traces: Traces) -> None:
        """Let every token that it ever gives be recognised in answers."""


def digest_of(text: str, purpose: str) -> str:
    """Return a short hash that names a text for one purpose. The text cannot be had from it."""
    both = f"{purpose}\0{text}".encode()
    return hashlib.blake2b(both, digest_size=16, person=b"flowforge-token").hexdigest()


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
    api: ApiUrl,
    explicit: SecretValue | None,
    environ: Mapping[str, str],
    *,
    origin: str = EXPLICIT,
    run_gh: RunGh = run_gh,
) -> GitHubToken:
    """Find the token for an API, in the places and the order that the documentation states.

    explicit: the value that the manifest names, read already. origin: its key in the manifest. Raises GitHubError FF310
    for a host that no token goes to; TokenError FF300 if there is no token, FF301 for a text that cannot be one.
    """
    # Before anything is asked for a token: gh would hand out the one of whatever host the manifest names.
    check_host(api, environ)
    found = (explicit, origin) if explicit else next(_ambient(api, environ, run_gh), None)
    if found is None:
        raise TokenError(_nowhere(api))
    value, origin = found
    known = recognise(value.reveal())
    if known is not None and known.issuer != "GitHub":
        # Two lines that were swapped in a workflow. Nothing is asked with it: GitHub would get it as it is.
        what, fix = f"this is {known.noun}, and no GitHub token", "look whether two variables were swapped"
        raise TokenError(Problem("FF301", what, origin, "it was sent nowhere", fix))
    _require_usable(value, origin)
    # GitHub's own token has no permission for secrets at all; saying so helps more than the 403 that it would meet.
    workflow = "GITHUB_ACTIONS" in environ and value.reveal().startswith(_INSTALLATION)
    return GitHubToken(value, origin, workflow)


def token_of(environ: Mapping[str, str], names: Sequence[str]) -> GitHubToken:
    """Return the token of the first of these variables that is set. Raises TokenError FF300 and FF301.

    Whoever asks for it by the name of a variable may mean a workflow's own token, which can do what it is meant for.
    """
    name = next((each for each in names if environ.get(each)), None)
    if name is None:
        why, fix = f"looked in {', '.join(names)}", f"set {names[0]}"
        raise TokenError(Problem("FF300", "no GitHub token found", why=why, fix=fix))
    value = SecretValue(environ[name])
    _require_usable(value, name)
    return GitHubToken(value, name)


def _require_usable(value: SecretValue, origin: str) -> None:
    if not _TOKEN.fullmatch(value.reveal()):
        why = "it holds a space, a line break, a control character or a letter outside ASCII"
        raise TokenError(
            Problem("FF301", "the token cannot be used", origin, why, "store it again, whole and on one line")
        )


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


def _ambient(api: ApiUrl, environ: Mapping[str, str], run_gh: RunGh) -> Iterator[tuple[SecretValue, str]]:
    """Yield tokens of the environment with their origin, best first; gh is run only for the last one."""
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
