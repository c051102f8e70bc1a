"""Answers that send the token back."""

import base64
import json
from typing import Final

from fuzz.hostile.server import Call, by_name


def _echo(call: Call) -> None:
    """Send the token back: in every text of a refusal and of its head, in one form or another."""
    token = call.rng.choice(echoes(call.token))
    status = call.rng.choice((301, 400, 401, 403, 403, 404, 409, 410, 422, 429, 500, 502))
    message = call.rng.choice(
        ("", "IP allow list ", "login attempts ", "Resource not accessible by integration ", "archived ")
    )
    body = json.dumps(
        {"message": message + token, "documentation_url": f"https://docs.github.com/{token}", token: [token]}
    )
    heads = (
        f"X-GitHub-SSO: required; url=https://github.com/orgs/acme/sso?x={token}",
        f"X-Accepted-GitHub-Permissions: {token}=write",
        f"X-OAuth-Scopes: {token}",
        f"Location: http://{call.host}/repositories/{token}",
    )
    lines = [f"HTTP/1.1 {status} {token}", *call.rng.sample(heads, 2), f"Content-Length: {len(body.encode())}", "", ""]
    call.say("\r\n".join(lines).encode("latin-1") + body.encode())


def _echo_in_data(call: Call) -> None:
    """Answer honestly, with the token in the place of names."""
    said = call.honest()
    token = json.dumps(call.rng.choice(echoes(call.token)))[1:-1].encode()
    names = [name for name in (b"acme/api", b"acme/web", b"ANTHROPIC_API_KEY", b"main", b"file") if name in said.body]
    body = said.body.replace(call.rng.choice(names), token) if names else said.body
    more = [f"X-OAuth-Scopes: {token.decode()}"]
    if call.rng.random() < 1 / 3:
        more.append(f'Link: <http://{call.host}{call.target}&x={token.decode()}>; rel="next"')
    call.say(said.bytes(body, *more))


def echoes(token: str) -> list[str]:
    """Return a token in the forms in which a server may send it back."""
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return [
        token,
        f"Bearer {token}",
        f"Basic {basic}",
        token.encode().hex(),
        "".join(f"%{ord(each):02X}" for each in token),
    ]


KINDS: Final = by_name(_echo, _echo_in_data)
