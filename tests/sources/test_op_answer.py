"""What op's texts mean: the forms that differ from those of the stand-in, told apart without a process."""

import pytest

from flowforge.errors import Problem
from flowforge.sources.op_answer import OpRefusal, Refused, recognise
from flowforge.sources.op_problem import problem
from flowforge.sources.op_reference import Reference

CLAUDE = Reference("op://CI/Claude/credential", "CI", "Claude", "credential")


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        (
            "could not read secret 'op://V/I/F': item 'V/I' does not have a field 'F'",
            Refused(OpRefusal.MISSING, "field"),
        ),
        (
            "could not read secret op://CI/Claude/credential: could not find field or file F on item I in vault V",
            Refused(OpRefusal.MISSING, "field"),
        ),
        ('could not get item CI/Claude: "CI" isn\'t a vault in this account.', Refused(OpRefusal.MISSING, "vault")),
        (
            'could not resolve item UUID for item Claude: more than one item matches "Claude".',
            Refused(OpRefusal.AMBIGUOUS, "item"),
        ),
        ('More than one vault matches "CI". Try again', Refused(OpRefusal.AMBIGUOUS, "vault")),
        ("Server: (429) (Too Many Requests), try again in 3 hours", Refused(OpRefusal.LIMITED, "3 hours")),
        ("too many requests, retry in 1 seconds.", Refused(OpRefusal.LIMITED, "1 second")),
        ("(429), retry in 123456789 minutes", Refused(OpRefusal.LIMITED)),
        ("Server: (503) (Service Unavailable), whatever", Refused(OpRefusal.FAILING, "failed")),
        ("Get https://x: dial tcp: lookup x: no such host", Refused(OpRefusal.FAILING, "could not be reached")),
        ("context deadline exceeded (Client.Timeout)", Refused(OpRefusal.FAILING, "could not be reached")),
        ("status 401: Invalid bearer token", Refused(OpRefusal.NOT_ACCEPTED)),
        ("session expired, sign in to create a new session", Refused(OpRefusal.SIGNED_OUT)),
        ("authorization prompt dismissed, please try again", Refused(OpRefusal.APP)),
        ("secret reference has invalid format", Refused(OpRefusal.MALFORMED)),
        ("", Refused(OpRefusal.UNKNOWN, "exit code 1")),
        ("\x00\udcff\n::error::x", Refused(OpRefusal.UNKNOWN, "exit code 1")),
    ],
)
def test_a_text_is_known(said: str, refused: Refused) -> None:
    """With the date that op puts before it, without it, and after a notice that has the words of another error."""
    assert refused == recognise(1, said, [CLAUDE])
    assert refused == recognise(1, f"[ERROR] 2026/02/15 10:20:30 {said}", [CLAUDE])
    assert refused == recognise(1, f"not signed in? (429) (500)\n[ERROR] 2026/02/15 10:20:30 {said}", [CLAUDE])
    assert refused == recognise(1, said)


@pytest.mark.parametrize("name", ["connection refused", "session expired", "too many requests", "no such host"])
def test_names_are_not_taken_for_errors(name: str) -> None:
    """A name of the manifest's may be any words; in quotes or in the reference they mean nothing."""
    reference = Reference(f"op://{name}/{name}/x", name, name, "x")
    other = Reference("op://a/b/c", "a", "b", "c")
    bare = f"could not resolve item {name} in vault {name}"
    quoted = f"new '{reference.text}'", f'new "{name}"', reference.text
    for said in (f"could not get item {name}/{name}: new", bare, *quoted):
        assert Refused(OpRefusal.UNKNOWN, "exit code 6") == recognise(6, f"[ERROR] {said}", [other, reference])


@pytest.mark.parametrize(
    ("code", "said"), [(-9, ""), (-11, "[ERROR] (429)"), (2, "fatal error: all goroutines are asleep")]
)
def test_a_crash_is_known_by_its_signal_or_its_trace(code: int, said: str) -> None:
    """Whatever was said before it."""
    assert Refused(OpRefusal.CRASHED) == recognise(code, said)


def test_an_ambiguous_vault() -> None:
    """Its name stands alone, and its ID is asked for."""
    assert Problem(
        "FF240",
        'more than one 1Password vault matches "CI"',
        fix="write the ID of the vault in place of its name",
    ) == problem(Refused(OpRefusal.AMBIGUOUS, "vault"), CLAUDE)


@pytest.mark.parametrize("refusal", OpRefusal)
def test_every_refusal_has_a_code_of_its_own_and_a_sentence(refusal: OpRefusal) -> None:
    """A clause that follows "value not available: ", and something to do."""
    told = problem(Refused(refusal, "item"), CLAUDE)
    assert (told.code, True) == (refusal.value, bool(told.fix))
    assert told.what[0] in "1mt"
    assert not told.what.endswith(".")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("op://CI/Claude/credential", ("CI", "Claude", "credential")),
        ("op://CI/Claude Max.2/Keys/main_key", ("CI", "Claude Max.2", "main_key")),
        ("op://a/b/c?attribute=otp", ("a", "b", "c")),
        ("op://a/b/c?ssh-format=openssh", ("a", "b", "c")),
    ],
)
def test_the_parts_of_a_reference(text: str, parts: tuple[str, str, str]) -> None:
    """Vault, item and field are what messages name."""
    found = Reference.parse(text, "acme")
    assert Reference(text, *parts, "acme") == found


@pytest.mark.parametrize(
    "text", ["op://a/b/c ", "op:// a/b/c", "op://a/b/c?", "op://a/b/c?x", "OP://a/b/c", "op://a/b/c#d", "op://ä/b/c"]
)
def test_what_is_no_reference(text: str) -> None:
    """What op or its templates could read in another way is none."""
    assert Reference.parse(text) is None
