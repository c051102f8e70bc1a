"""Asking about many keys: when nobody is asked any more."""

import httpx

from flowforge.anthropic.address import VerifyAddress
from flowforge.anthropic.exchange import AnthropicWire
from flowforge.anthropic.models import KeyLife
from flowforge.steps.verify.keys import asking
from flowforge.vault import SecretValue, Vault
from tests.made_up import api_key
from tests.wire import answering


def test_an_answer_between_two_silences() -> None:
    """Three keys in a row it is: one that was answered means that somebody is there, and the others are asked about."""
    vault, fingerprints = Vault(), [f"f{number}" for number in range(8)]
    for each in fingerprints:
        vault.put(each, SecretValue(api_key()))
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if len(asked) % 3:
            raise httpx.ConnectError("")
        return httpx.Response(200, json={"data": []})

    with AnthropicWire(VerifyAddress("https://api.anthropic.com"), transport=answering(respond)) as wire:
        ask = asking(vault, wire, lambda _: False)
        found = [ask(each).life for each in fingerprints]
    two = [KeyLife.UNKNOWN, KeyLife.UNKNOWN]
    assert ([*two, KeyLife.LIVE, *two, KeyLife.LIVE, *two], 8) == (found, len(asked))
