"""A sandbox with three repositories, a client that speaks to it, and helpers that seal and write."""

import base64
import ssl
from collections.abc import Callable, Iterator

import httpx
import pytest
from nacl.public import PublicKey, SealedBox

from flowforge.sandbox import Sandbox, Token
from tests import guard
from tests.app_keys import app_key, assertion, pem
from tests.children import Children

# Made once: each takes longer than a whole test here. No request uses it, all of this is plain HTTP.
_TLS = ssl.create_default_context()


@pytest.fixture(autouse=True)
def guarded(watched: Children) -> Iterator[None]:
    """Judge what FlowForge sends and nothing else: these tests are clients themselves, which do what a sandbox refuses.

    It stands in the place of the fixture of that name which all other tests have.
    """
    del watched
    yield
    assert [] == guard.GUARD.judge("flowforge/")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve acme/repo-001 to acme/repo-003."""
    with Sandbox() as running:
        running.world.create_repos("acme", 3)
        yield running


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """Speak to the sandbox with its own token, over one connection."""
    headers = {"authorization": f"Bearer {sandbox.token}", "accept": "application/vnd.github+json"}
    with httpx.Client(base_url=sandbox.url, headers=headers, timeout=60, verify=_TLS) as client:
        yield client


@pytest.fixture
def seal(http: httpx.Client) -> Callable[[str, bytes], dict[str, str]]:
    """Return a function that seals a value for a repository, as the body of a PUT."""

    def sealed(repo: str, value: bytes) -> dict[str, str]:
        key = http.get(f"/repos/{repo}/actions/secrets/public-key").json()
        box = SealedBox(PublicKey(base64.b64decode(key["key"]))).encrypt(value)
        return {"encrypted_value": base64.b64encode(box).decode(), "key_id": key["key_id"]}

    return sealed


@pytest.fixture
def put(http: httpx.Client, seal: Callable[[str, bytes], dict[str, str]]) -> Callable[..., httpx.Response]:
    """Return a function that writes a secret as a client does: fetch the key, seal, PUT."""

    def write(repo: str, name: str, value: bytes = b"plainly-fake") -> httpx.Response:
        return http.put(f"/repos/{repo}/actions/secrets/{name}", json=seal(repo, value))

    return write


@pytest.fixture
def write(http: httpx.Client) -> Callable[..., httpx.Response]:
    """Return a function that writes a secret below any path that has a public key; more members of the body by name."""

    def written(path: str, value: str = "plainly-fake", **members: object) -> httpx.Response:
        key = http.get(f"{path.rpartition('/')[0]}/public-key").json()
        box = SealedBox(PublicKey(base64.b64decode(key["key"]))).encrypt(value.encode())
        body = {"encrypted_value": base64.b64encode(box).decode(), "key_id": key["key_id"], **members}
        return http.put(path, json=body)

    return written


@pytest.fixture
def as_token(sandbox: Sandbox) -> Callable[[Token], dict[str, str]]:
    """Return a function that makes a token known and returns the header that carries it."""

    def known(token: Token) -> dict[str, str]:
        text = f"token-{len(sandbox.world.tokens.tokens)}"
        sandbox.world.add_token(text, token)
        return {"authorization": f"Bearer {text}"}

    return known


@pytest.fixture
def as_app(sandbox: Sandbox) -> Callable[[], dict[str, str]]:
    """Register the App `ci`; return a function that makes the header with which it says, by now, who it is."""
    made = sandbox.world.create_app("ci", pem(app_key()), permissions={"secrets": "write", "contents": "read"})
    return lambda: {"authorization": f"Bearer {assertion(made['client_id'], sandbox.world.clock.now())}"}


@pytest.fixture
def mint(http: httpx.Client, as_app: Callable[[], dict[str, str]]) -> Callable[..., httpx.Response]:
    """Return a function that asks for a token of an installation, with members of the body by name."""

    def minted(installation: int, **body: object) -> httpx.Response:
        path = f"/app/installations/{installation}/access_tokens"
        return http.post(path, headers=as_app(), json=body) if body else http.post(path, headers=as_app())

    return minted


@pytest.fixture
def as_installation(mint: Callable[..., httpx.Response]) -> Callable[..., dict[str, str]]:
    """Return a function that has a token minted for an installation, and makes the header that carries it."""

    def known(installation: int, **body: object) -> dict[str, str]:
        return {"authorization": f"Bearer {mint(installation, **body).json()['token']}"}

    return known
