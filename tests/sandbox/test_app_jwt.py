"""The JWT with which an App says who it is: what GitHub takes, and in which words it refuses the rest."""

import base64
import json
from typing import Final

import httpx
import pytest
from jwt import api_jws

from flowforge.sandbox import Sandbox
from flowforge.sandbox.rules.answers import RefusalError
from flowforge.sandbox.world.world import World
from tests.app_keys import app_key, assertion, pem

NOW: Final = 1_800_000_000.5
DECODED: Final = (401, "A JSON web token could not be decoded")
ISSUED: Final = (
    401,
    "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
)
_FUTURE: Final = "must be a numeric value representing the future time at which the assertion expires"
EXPIRES: Final = (401, f"'Expiration time' claim ('exp') {_FUTURE}")
TOO_FAR: Final = (401, "'Expiration time' claim ('exp') is too far in the future")
TAKEN: Final = (200, "ci")


@pytest.fixture(scope="module")
def world() -> World:
    """Return a world with one App, which is the same for every case."""
    made = World()
    made.create_app("ci", pem(app_key()))
    return made


def asked(world: World, authorization: str) -> tuple[int, str]:
    """Return 200 and the App that a header is taken for, or the refusal's status and message."""
    try:
        return 200, world.apps.asserted(authorization, NOW).who
    except RefusalError as refusal:
        return refusal.answer.status, str(refusal)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, TAKEN),
        ({"iat": int(NOW)}, TAKEN),
        ({"iat": int(NOW) + 1}, ISSUED),
        ({"iat": None}, ISSUED),
        ({"iat": "1"}, ISSUED),
        ({"iat": 1.5}, ISSUED),
        ({"iat": True}, ISSUED),
        ({"exp": int(NOW) + 600}, TAKEN),
        ({"exp": int(NOW) + 601}, TOO_FAR),
        ({"exp": int(NOW) + 1}, TAKEN),
        ({"exp": int(NOW)}, EXPIRES),
        ({"exp": None}, EXPIRES),
        ({"exp": "soon"}, EXPIRES),
        ({"iss": None}, (401, "Missing 'issuer' claim ('iss') in assertion")),
        ({"iss": ""}, (401, "Missing 'issuer' claim ('iss') in assertion")),
        ({"iss": "Iv23linobody"}, (401, "'Issuer' claim ('iss') must be an Integer")),
        ({"iss": ["ci"]}, (401, "'Issuer' claim ('iss') must be an Integer")),
        ({"iss": 7}, (404, "Integration not found")),
        ({"iss": "7"}, (404, "Integration not found")),
    ],
)
def test_claims(world: World, claims: dict[str, object], expected: tuple[int, str]) -> None:
    """Issued in the past, expiring within ten minutes, by an App that is known: the rest is refused claim by claim."""
    issuer = claims.get("iss", world.apps.app("ci").client_id)
    others = {name: claim for name, claim in claims.items() if name != "iss"}
    assert expected == asked(world, f"Bearer {assertion(issuer, NOW, **others)}")


def test_issuers(world: World) -> None:
    """An App is known by its client id, and by its id as a number or as text."""
    app = world.apps.app("ci")
    issuers = (app.client_id, app.id, str(app.id))
    assert [TAKEN] * 3 == [asked(world, f"bearer {assertion(issuer, NOW)}") for issuer in issuers]


def spoiled(world: World) -> dict[str, str]:
    """Return headers whose JWT cannot be decoded, by what is wrong with it."""
    good = assertion(world.apps.app("ci").client_id, NOW)
    head, body, signature = good.split(".")
    claims = base64.urlsafe_b64decode(body + "==")
    listed = base64.urlsafe_b64encode(b"[]").decode().rstrip("=")
    return {
        "nothing": "",
        "no scheme": good,
        "the scheme of other tokens": f"token {good}",
        "another token": "Bearer ghs_other",
        "no signature": f"Bearer {head}.{body}",
        "a part too many": f"Bearer {good}.{signature}",
        "another key": f"Bearer {assertion(world.apps.app('ci').client_id, NOW, app_key('other'))}",
        "another text": f"Bearer {head}.{body}AA.{signature}",
        "no base64": f"Bearer {head}.{body}.ä",
        "no JSON": f"Bearer {head}.AAAA.{signature}",
        "no claims": f"Bearer {head}.{listed}.{signature}",
        "no header": f"Bearer {listed}.{body}.{signature}",
        "another algorithm": f"Bearer {api_jws.encode(claims, app_key(), algorithm='RS512')}",
        "no algorithm": f"Bearer {api_jws.encode(claims, '', algorithm='none')}",
        "a shared secret": f"Bearer {api_jws.encode(claims, b'plainly fake, and of 32 bytes at least', 'HS256')}",
    }


def test_what_cannot_be_decoded(world: World) -> None:
    """Whatever is not signed with this App's key by RS256 gets the one sentence that GitHub has for it."""
    cases = spoiled(world)
    assert dict.fromkeys(cases, DECODED) == {name: asked(world, header) for name, header in cases.items()}


def test_the_clock_is_the_sandbox_s(sandbox: Sandbox, http: httpx.Client) -> None:
    """A JWT is held against the server's time: one that is good now is too old ten minutes on, and from then good."""
    made = sandbox.world.create_app("ci", pem(app_key()))
    now = sandbox.world.clock.now()
    ahead = {"authorization": f"Bearer {assertion(made['client_id'], now + 3600)}"}
    header = {"authorization": f"Bearer {assertion(made['client_id'], now)}"}
    answers = [http.get("/app", headers=header), http.get("/app", headers=ahead)]
    sandbox.world.clock.advance(3600)
    answers += [http.get("/app", headers=header), http.get("/app", headers=ahead)]
    assert [200, 401, 401, 200] == [answer.status_code for answer in answers]
    assert [ISSUED[1], EXPIRES[1]] == [answer.json()["message"] for answer in answers[1:3]]


def test_who_may_ask_as_an_app(sandbox: Sandbox, http: httpx.Client) -> None:
    """Where an App must ask no other token is taken, not even the sandbox's own; elsewhere no JWT is."""
    made = sandbox.world.create_app("ci", pem(app_key()))
    sandbox.world.install_app("ci", "acme")
    header = {"authorization": f"Bearer {assertion(made['client_id'], sandbox.world.clock.now())}"}
    paths = ("/app", "/app/installations", "/orgs/acme/installation", "/repos/acme/repo-001/installation")
    assert [DECODED] * 4 == [(each.status_code, each.json()["message"]) for each in map(http.get, paths)]
    others = ("/user", "/installation/repositories", "/repos/acme/repo-001", "/orgs/acme/repos")
    assert [(401, "Bad credentials")] * 4 == [
        (each.status_code, each.json()["message"]) for each in (http.get(path, headers=header) for path in others)
    ]
    assert [200] * 4 == [http.get(path, headers=header).status_code for path in paths]


def test_a_refusal_is_json(http: httpx.Client) -> None:
    """A refused JWT has GitHub's body, and says nothing of anybody's limits."""
    answer = http.get("/app", headers={"authorization": "Bearer x"})
    body = {"message": DECODED[1], "documentation_url": "https://docs.github.com/rest", "status": "401"}
    assert (401, json.dumps(body)) == (answer.status_code, json.dumps(answer.json()))
    assert [] == [name for name in answer.headers if name.startswith("x-ratelimit")]
