"""The client's own token: whatever it looks like, and wherever a server sends it back, nothing of it comes out."""

import base64
import json
import random
import string
from collections import UserDict
from collections.abc import Callable, Iterator
from urllib.parse import quote

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowforge.errors import FlowForgeError
from flowforge.github.body import RAW
from flowforge.github.explain import explain
from flowforge.github.http import Client
from flowforge.github.problems import RepoError
from flowforge.github.traces import Traces
from flowforge.plan.address import Repo, Scope
from flowforge.vault import SecretValue

MakeClient = Callable[..., Client]
_SCOPE = Scope(Repo.parse("acme/api"))
_LETTERS = "".join(map(chr, range(ord("!"), ord("~") + 1)))
_TOKENS = st.text(_LETTERS, min_size=8, max_size=200)
_AROUND = st.text(max_size=40)
_LINES = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=40)


def _traces(*tokens: str) -> Traces:
    found = Traces()
    for token in tokens:
        found.add(SecretValue(token))
    return found


def _made_up() -> str:
    """Make up a token that looks like none of GitHub's."""
    return "".join(random.choices(string.ascii_letters + string.digits, k=40))


_FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent-encoded": lambda token: quote(token, safe=""),
    "every character percent-encoded": lambda token: "".join(f"%{ord(each):02x}" for each in token),
    "hexadecimal": lambda token: token.encode().hex(),
    "upper hexadecimal": lambda token: token.encode().hex().upper(),
    "base64": lambda token: base64.b64encode(token.encode()).decode(),
    "Basic": lambda token: base64.b64encode(f"x-access-token:{token}".encode()).decode(),
    "Basic, and more": lambda token: base64.b64encode(f"ab:{token}:and more".encode()).decode(),
    "base64 for URLs": lambda token: base64.urlsafe_b64encode(f"a{token}".encode()).decode(),
    "JSON": lambda token: json.dumps(token)[1:-1],
    "escaped JSON": lambda token: "".join(f"\\u{ord(each):04x}" for each in token),
    "JSON in JSON": lambda token: json.dumps(json.dumps(token))[1:-1],
    "JSON with its slashes escaped": lambda token: json.dumps(token)[1:-1].replace("/", "\\/"),
}


@pytest.mark.parametrize("form", _FORMS.values(), ids=_FORMS)
@given(token=_TOKENS, before=_AROUND, after=_AROUND)
@example(token=r"00000\\0", before="", after="")
def test_a_token_is_seen_in_every_form(form: Callable[[str], str], token: str, before: str, after: str) -> None:
    """Of any token of eight characters or more a text is hidden that holds it so, wherever in it."""
    if form is not str:  # what stands before an escape may be the half of another one
        before = before.replace("\\", "").replace("%", "")
    text = f"{before} {form(token)} {after}"
    assert "[redacted]" == _traces("x" * 50, token).hide(text)


@given(token=st.text(_LETTERS, min_size=24, max_size=200), data=st.data())
def test_a_part_of_a_token_is_seen(token: str, data: st.DataObject) -> None:
    """Of a token as long as GitHub's any 23 characters in a row are seen."""
    start = data.draw(st.integers(0, len(token) - 23))
    assert _traces(token).seen(f"it begins with {token[start : start + 23]}…")


@given(form=st.sampled_from([*_FORMS.values()]), token=_TOKENS, texts=st.lists(_LINES, min_size=1), data=st.data())
def test_many_texts_at_once(form: Callable[[str], str], token: str, texts: list[str], data: st.DataObject) -> None:
    """The headers of an answer, which hold no line's end, are each hidden as they are by themselves."""
    at = data.draw(st.integers(0, len(texts)))  # after the last one it is in none
    named = {str(number): text + form(token) * (number == at) for number, text in enumerate(texts)}
    traces = _traces("x" * 50, token)
    assert {name: traces.hide(text) for name, text in named.items()} == traces.hide_each(named)


def test_tokens_that_come_at_once() -> None:
    """Owners sign in side by side: none of their tokens is lost, since one is added after the other."""
    traces, alone = Traces(), []

    class Known(UserDict[tuple[int, int], frozenset[int]]):
        def __iter__(self) -> Iterator[tuple[int, int]]:
            alone.append(traces._adding.locked())
            return super().__iter__()

    traces._known = Known()
    traces.add(SecretValue(_made_up()))
    assert {True} == {*alone}


@given(text=st.text(), token=_TOKENS)
def test_no_other_text_is_touched(text: str, token: str) -> None:
    """A text without a piece of the token stays as it is; so does every text for a token too short to look for."""
    assert text == _traces(token[:7]).hide(text)
    if not any(text[at : at + 8] in form(token) for form in _FORMS.values() for at in range(len(text) - 7)):
        assert text == _traces(token).hide(text)


def test_ordinary_answers_are_not_touched() -> None:
    """Names and addresses as GitHub's answers have them hold nothing of a token that is random."""
    traces = _traces(_made_up(), f"github_pat_{_made_up()}", f"ghs_1_{_made_up()}")
    for text in ("acme/api", "https://api.github.com/repos/acme/api/{/sha}?per_page=100%20a", "a" * 10_000, ""):
        assert (text, False) == (traces.hide(text), traces.within(text.encode()))


def _said(client: Client, ask: Callable[[Client], object]) -> str:
    """Return all that a request comes to: the error with all that it holds, or the answer."""
    try:
        return repr(ask(client))
    except RepoError as error:
        return f"{error} {error.no!r}"
    except FlowForgeError as error:
        return f"{error} {error.problems!r}"


@pytest.mark.parametrize(
    "answer",
    [
        (401, "", "", {"message": "Bad credentials: TOKEN"}),
        (403, "", "", {"message": "TOKEN"}),
        (403, "", "", {"message": "no more login attempts with TOKEN"}),
        (403, "", "", {"message": "IP allow list", "documentation_url": "https://docs.github.com/TOKEN"}),
        (403, "x-github-sso", "required; url=https://github.com/orgs/acme/sso?x=TOKEN", {}),
        (403, "x-accepted-github-permissions", "TOKEN=write", {}),
        (404, "x-oauth-scopes", "TOKEN, gist", {"message": "Not Found"}),
        (301, "location", "https://api.github.com/repositories/TOKEN", {}),
        (301, "", "", {"url": "https://api.github.com/repositories/1?x=TOKEN"}),
        (409, "", "", {"message": "at TOKEN but expected"}),
        (422, "", "", {"message": "x" * 100 + "TOKEN"}),
        (500, "", "", {"message": "TOKEN"}),
        (200, "x-request", "TOKEN", {"full_name": "acme/TOKEN", "TOKEN": [{"TOKEN": ["TOKEN"]}]}),
        (200, "link", '<https://api.github.com/x?TOKEN>; rel="next"', []),
    ],
)
@pytest.mark.parametrize("form", ["plain", "Basic", "every character percent-encoded", "escaped JSON"])
def test_a_server_that_sends_the_token_back(
    scripted: MakeClient, answer: tuple[int, str, str, object], form: str
) -> None:
    """Whatever answer holds the token in whatever place, neither error nor data that come of it hold it."""
    token = _made_up()
    shown = _FORMS[form](token)
    status, header, text, data = answer
    body = json.dumps(data).replace("TOKEN", json.dumps(shown)[1:-1]).encode()

    def handle(_: httpx.Request) -> httpx.Response:
        headers = {header: text.replace("TOKEN", shown)} if header else {}
        return httpx.Response(status, content=body, headers=headers)

    client = scripted(handle, token=token)

    def ask(client: Client) -> object:
        try:
            return client.get("/x")
        except RepoError as refusal:
            raise explain(client, _SCOPE, refusal) from None

    said = _said(client, ask) + _said(client, lambda client: client.put("/x", {})) + repr(client.scopes)
    assert [] == [part for part in (token[:12], token[-12:], shown) if part in said]


@pytest.mark.parametrize("before", [0, 1_048_576 - 20, 1_048_576 - 1, 1_048_576, 3_000_000])
def test_a_token_is_seen_wherever_in_a_file(before: int) -> None:
    """A file is looked through in pieces, and a token is seen where two of them meet too."""
    token = _made_up()
    for form in ("plain", "escaped JSON"):
        assert _traces(token).within(bytes(before) + _FORMS[form](token).encode() + bytes(20))
    assert not _traces(token).within(bytes(before))


def test_a_list_does_not_end_where_the_token_is(scripted: MakeClient) -> None:
    """An address of the next page that holds the token cannot be asked for; the list is not taken to end there."""
    token = _made_up()
    link = {"link": f'<https://api.github.com/x?{token}>; rel="next"'}
    client = scripted(lambda _: httpx.Response(200, json=[], headers=link), token=token)
    with pytest.raises(RepoError) as caught:
        client.get("/x")
    assert "no usable answer in 4 tries: an answer whose Link holds the token itself" == caught.value.no.detail


def test_a_file_that_holds_the_token(scripted: MakeClient) -> None:
    """A state that a server serves with the token in it is not read."""
    token = _made_up()
    client = scripted(lambda _: httpx.Response(200, content=f'{{"lineage": "{token}"}}'.encode()), token=token)
    with pytest.raises(RepoError) as caught:
        client.get("/x", RAW)
    assert "no usable answer in 4 tries: a file that holds the token itself" == caught.value.no.detail


def test_another_token_of_the_run(scripted: MakeClient) -> None:
    """The token that keeps the state is known to the same server, and is hidden too."""
    other = _made_up()
    client = scripted(lambda _: httpx.Response(200, json={"message": f"no {other}"}))
    client.token.known_to(client._wire._traces)
    assert {"message": f"no {other}"} == client.get("/x").data
    client._wire._traces.add(SecretValue(other))
    assert {"message": "[redacted]"} == client.get("/x").data


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ProxyError])
def test_a_connection_that_fails_with_the_token(scripted: MakeClient, error: type[httpx.TransportError]) -> None:
    """What a proxy gives as its reason does not show it either."""
    token = _made_up()

    def handle(_: httpx.Request) -> httpx.Response:
        message = f"407 {token}"
        raise error(message)

    assert "why: no connection: [redacted]" in _said(scripted(handle, token=token), lambda client: client.get("/x"))
