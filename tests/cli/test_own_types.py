"""A team's own type of credential: planned, applied, hidden wherever it is said, and refused in the wrong slot."""

import pytest

from flowforge.tokens import admit
from tests.cli.conftest import Fleet
from tests.made_up import api_key, letters
from tests.sweep.seek import Seeker

TYPES = "types: {our_gateway: {secret: OUR_GATEWAY_TOKEN, prefix: gw_, length: 48}}\n"


@pytest.fixture(autouse=True)
def nothing_stays() -> object:
    """Let no other test know of this manifest's tokens."""
    yield
    admit(())


def gateway_token() -> str:
    """Make up a token of the gateway."""
    return f"gw_{letters(45)}"


def wanted(fleet: Fleet, type_: str = "our_gateway", more: str = "", types: str = TYPES) -> None:
    """Write a manifest with one credential, whose source is ACME_KEY."""
    fleet.manifest(
        f"version: 1\n{types}credentials:\n  gateway: {{type: {type_}, from: {{env: ACME_KEY}}{more}}}\n"
        "targets:\n  - {name: All, repos: [acme/repo-001], credential: gateway}\n"
    )


def test_it_is_planned_and_applied(fleet: Fleet) -> None:
    """It takes the secret's name of its type; a second apply finds nothing to do, and a new value is written."""
    wanted(fleet)
    for _ in range(2):
        value = gateway_token()
        fleet.monkeypatch.setenv("ACME_KEY", value)
        assert [0, 0] == [fleet.flowforge("apply", "--yes").code, fleet.flowforge("plan", "--detailed-exitcode").code]
        assert {"OUR_GATEWAY_TOKEN": value} == fleet.held()["acme/repo-001"]
        fleet.later()


def test_it_is_hidden_wherever_it_is_said(fleet: Fleet) -> None:
    """A token in an argument, a path or a name of the manifest is shown by its prefix alone."""
    value = gateway_token()
    wanted(fleet)
    fleet.monkeypatch.setenv("ACME_KEY", value)
    said = [fleet.flowforge("plan", "--limit", f"acme/{value}")]
    wanted(fleet, more=f", note: it is {value}")
    said.append(fleet.flowforge("plan"))
    seeker = Seeker.of([value[3:]])
    shown = [form for done in said for text in (done.out, done.err) for form in seeker.find(text.encode())]
    assert ([], ["FF004", "FF109"]) == (shown, [done.err[6:11] for done in said])


@pytest.mark.parametrize("more", ["", ", allow_nonstandard: true"])
def test_it_is_refused_in_another_slot(fleet: Fleet, more: str) -> None:
    """No credential of another type takes it, and it takes no token of another type."""
    fleet.monkeypatch.setenv("ACME_KEY", gateway_token())
    wanted(fleet, "anthropic_api_key", more)
    first = fleet.refused("apply", "--yes")
    fleet.monkeypatch.setenv("ACME_KEY", api_key())
    wanted(fleet, more=more)
    second = fleet.refused("apply", "--yes")
    value = "value not available: the value of env ACME_KEY is"
    assert [
        f'error FF215: credential "gateway": {value} a value of type our_gateway (gw_…), not an Anthropic API key',
        (
            f'error FF215: credential "gateway": {value} an Anthropic API key (sk-ant-api03-…), not '
            "a value of type our_gateway"
        ),
    ] == [done.err.splitlines()[-3].partition("; nothing")[0] for done in (first, second)]
    assert [1, 1] == [first.code, second.code]


@pytest.mark.parametrize(
    ("value", "why"),
    [("tok_" + "k" * 44, "one begins with gw_"), ("gw_" + "k" * 44, "one has 48 characters")],
)
def test_a_value_that_is_not_like_it(fleet: Fleet, value: str, why: str) -> None:
    """Another prefix and another length are refused, unless `allow_nonstandard` admits them."""
    fleet.monkeypatch.setenv("ACME_KEY", value)
    wanted(fleet)
    done = fleet.refused("apply", "--yes")
    wanted(fleet, more=", allow_nonstandard: true")
    assert (1, True, 0) == (done.code, f"  why: {why}\n" in done.err, fleet.flowforge("apply", "--yes").code)


def test_a_type_of_another_file(fleet: Fleet) -> None:
    """All files of a manifest share the types; what each says of its own credentials holds for the other's."""
    fleet.monkeypatch.setenv("ACME_KEY", gateway_token())
    wanted(fleet, types="")
    fleet.manifest(f"version: 1\n{TYPES}targets: []\n", "types.yaml")
    done = fleet.flowforge("apply", "--yes", "-m", "flowforge.yaml", "-m", "types.yaml")
    assert (0, ["OUR_GATEWAY_TOKEN"]) == (done.code, [*fleet.held()["acme/repo-001"]])


def test_what_is_wrong_with_types(fleet: Fleet) -> None:
    """A name of FlowForge's, a prefix of another token, an odd length, a type that nobody describes: each once."""
    fleet.manifest(
        "version: 1\ntypes:\n"
        "  anthropic_api_key: {secret: A}\n"
        "  keys: {secret: B, prefix: sk-}\n"
        "  one: {secret: C, prefix: gw_}\n"
        "  two: {secret: D, prefix: gw_live_, length: 5}\n"
        "  three: {secret: E, prefix: gw}\n"
        "credentials:\n  a: {type: oen, from: {env: A}}\n"
        "targets: [{name: T, repos: [acme/api], credential: a}]\n"
    )
    done = fleet.flowforge("validate")
    known = "the prefix of the type"
    assert (1, done.err) == (
        done.code,
        (
            'error FF182: flowforge.yaml:3:3: the type "anthropic_api_key" is FlowForge\'s own\n'
            "  why: what its values are like is known\n  fix: choose another one\n"
            f'error FF182: flowforge.yaml:4:3: {known} "keys" is taken\n'
            "  why: a value that begins so may be a Claude Enterprise scoped key (sk-ant-api01-…)\n"
            "  fix: choose another one\n"
            f'error FF182: flowforge.yaml:6:3: {known} "two" is taken\n'
            "  why: a value that begins so may be of another type\n  fix: choose another one\n"
            "error FF181: flowforge.yaml:6:46: this cannot be the length of a type\n"
            "  fix: write how many characters a value has, from 16 to 4096\n"
            "error FF181: flowforge.yaml:7:30: this cannot be the prefix of a type\n"
            "  why: it begins with a letter, ends with _ or -, and has 3 to 40 letters, digits, . _ and -\n"
            "  fix: write the public beginning that all values have, as gw_\n"
            'error FF123: flowforge.yaml:9:13: "type" cannot be "oen"\n'
            '  fix: did you mean "one"?\n'
        ),
    )


def test_identifiers_become_variables(fleet: Fleet) -> None:
    """Each becomes one variable, under its own name or another; a value that is not like it is an error."""
    fleet.manifest(
        "version: 1\ncredentials:\n  url: {type: anthropic_base_url, value: 'https://gw.example.com/v1'}\n"
        "  region: {type: aws_region, value: us-east-1, variable: claude_region}\n"
        "targets:\n  - {name: U, repos: [acme/repo-001], credential: url}\n"
        "  - {name: R, repos: [acme/repo-001], credential: region}\n"
    )
    done = fleet.flowforge("apply", "--yes")
    held = fleet.sandbox.world.variables("acme/repo-001")
    assert (0, {"ANTHROPIC_BASE_URL": "https://gw.example.com/v1", "CLAUDE_REGION": "us-east-1"}) == (done.code, held)
    assert 0 == fleet.flowforge("plan", "--detailed-exitcode").code


def test_an_identifier_that_is_none(fleet: Fleet) -> None:
    """A user in an address is a secret, and a target of a variable has no stores."""
    fleet.manifest(
        "version: 1\ncredentials:\n  url: {type: anthropic_base_url, value: 'https://me:pw@gw.example.com'}\n"
        "  region: {type: aws_region, value: us-east-1}\n  none: {type: aws_region}\n"
        "  both: {type: cloud_ml_region, value: us-east5, from: {env: A}}\n"
        "targets: [{name: R, repos: [acme/api], credential: region, stores: [dependabot]}]\n"
    )
    done = fleet.flowforge("validate")
    assert (1, done.err) == (
        done.code,
        (
            "error FF181: flowforge.yaml:3:42: this is not the address of a gateway\n"
            "  fix: write one like https://gateway.example.com\n"
            'error FF121: flowforge.yaml:5:9: "none" has no "value"\n'
            "  fix: add `value:`\n"
            'error FF120: flowforge.yaml:6:50: the key "from" is not known here\n'
            "  fix: remove it: an identifier has its value in the manifest\n"
            'error FF138: flowforge.yaml:7:60: "stores" cannot be used with this credential\n'
            '  why: "region" is no secret: Actions variables, whose names are given\n'
            "  fix: remove it, or write a separate entry\n"
        ),
    )
