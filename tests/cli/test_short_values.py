"""Values that are no whole credential, by the real command: cut short by a terminal, or words for nothing."""

import string
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

BEGINS = {"anthropic_api_key": "sk-ant-" + "api03-", "claude_code_oauth_token": "sk-ant-" + "oat01-"}


def _manifest(fleet: "Fleet", type_: str, more: str = "") -> None:
    fleet.manifest(
        f"version: 1\ncredentials: {{k: {{type: {type_}, from: {{env: SHORT}}{more}}}}}\n"
        "targets: [{name: t, repos: [acme/repo-001], credential: k}]\n"
    )


@pytest.mark.parametrize("type_", BEGINS)
def test_what_a_terminal_left_of_a_token(fleet: "Fleet", type_: str) -> None:
    """80 of 108 characters are refused in both slots and nothing is written; `allow_nonstandard` admits them."""
    text = (BEGINS[type_] + string.ascii_letters * 2)[:80]
    fleet.monkeypatch.setenv("SHORT", text)
    _manifest(fleet, type_)
    done = fleet.refused("apply", "--yes")
    what = 'error FF217: credential "k": value not available: the value of env SHORT is cut short: shorter than '
    assert (1, True) == (done.code, done.err.startswith(what))
    assert text[13:30] not in done.err
    _manifest(fleet, type_, ", allow_nonstandard: true")
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert {type_.upper(): text} == fleet.sandbox.world.reveal("acme/repo-001")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((text, "FF204") for text in ("nil", "false", "N/A", "not-set", "Not Set", "undefined", "unset", "-", "????")),
        *((text, "FF262") for text in ("0", "no", "abc")),
    ],
)
def test_what_no_key_can_be(fleet: "Fleet", text: str, code: str) -> None:
    """A word for nothing, or three characters, are no gateway's key either: `allow_nonstandard` admits neither."""
    fleet.monkeypatch.setenv("SHORT", text)
    _manifest(fleet, "anthropic_api_key", ", allow_nonstandard: true")
    done = fleet.refused("apply", "--yes")
    assert (1, f'error {code}: credential "k": ') == (done.code, done.err[: len(f'error {code}: credential "k": ')])


@pytest.mark.parametrize("text", ["sk-1234", "none-1", "false1", "gw/not-set/7"])
def test_what_a_gateway_may_have(fleet: "Fleet", text: str) -> None:
    """A key that only contains such a word, or is short, is taken where the manifest admits it."""
    fleet.monkeypatch.setenv("SHORT", text)
    _manifest(fleet, "anthropic_api_key", ", allow_nonstandard: true")
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert {"ANTHROPIC_API_KEY": text} == fleet.sandbox.world.reveal("acme/repo-001")
