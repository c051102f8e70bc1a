"""The state's bytes: stable, readable by nobody but us, and every way of damage said by name."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.errors import StateError
from flowforge.plan import recordable
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.facts import Record
from flowforge.plan.rotation import Proof, Rotation
from flowforge.state.codec import LAST_SERIAL, decode, digest, encode
from flowforge.state.model import Lease, State

LINEAGE = "00000000-0000-4000-8000-000000000001"
GOLDEN = """{
  "checksum": "%s",
  "folded": "",
  "lineage": "00000000-0000-4000-8000-000000000001",
  "manifests": [
    "flowforge.yaml",
    "sub/\\u00fc.yaml"
  ],
  "salt": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
  "secrets": [
    {"name": "A", "pending": null, "repo": "acme/api", "store": "actions"},
    {"adopted": true, "credential": "ci", "fingerprint": "hmac-sha256:00", "name": "B", "pending": "scrypt:11", \
"repo": "Acme/API", "repo_id": 7, "store": "actions", "updated_at": "2026-03-01T10:00:02Z", \
"value_since": "2026-03-01T10:00:00Z", "written_at": "2026-03-01T10:00:01Z"}
  ],
  "serial": 3,
  "version": 1
}
"""
FIX = "\n  fix: put a good copy back, from git or from the .backup file beside it; nothing was overwritten"

text = st.text(max_size=20)
times = st.from_regex(recordable._TIME, fullmatch=True).filter(recordable.is_time)
ids = st.integers(1, recordable.LARGEST)
files = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
repos = st.from_regex(re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,5}/[A-Za-z0-9_-]{1,5}", re.ASCII), fullmatch=True)
owners = st.from_regex(re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,5}", re.ASCII), fullmatch=True)
of_organizations = st.builds(
    lambda owner, store: Scope(Repo.organization(owner), store), owners, st.sampled_from(Store)
)
of_environments = st.builds(
    lambda repo, name, store: Scope.of_environment(Repo.parse(repo), name, store),
    repos,
    st.text(min_size=1, max_size=9).filter(recordable.is_environment),
    st.sampled_from((Store.ACTIONS, Store.VARIABLES)),
)
scopes = (
    of_organizations
    | of_environments
    | st.builds(lambda repo, store: Scope(Repo.parse(repo), store), repos, st.sampled_from(Store))
)
addresses = st.builds(Address, scopes, st.from_regex(recordable._NAME, fullmatch=True))


def _with_audience(item: tuple[Address, Record]) -> tuple[Address, Record]:
    """Return a record that, of an organization's secret, may say who sees it."""
    address, record = item
    if not address.scope.repo.is_organization or record.adopted:
        return item
    selected = record.repo_id % 2 == 0
    seen = (max(1, record.repo_id // 2), recordable.LARGEST) if selected else ()
    return address, replace(record, visibility="selected" if selected else "private", repo_ids=seen)


record_values = st.builds(
    Record,
    text,
    times,
    text,
    st.just(0) | ids,
    st.just("") | times,
    st.just("") | times,
    st.booleans(),
    drifted_at=st.just("") | times,
    commit=st.just("") | st.from_regex(recordable._COMMIT, fullmatch=True),
    run=st.just("") | st.from_regex(recordable._RUN, fullmatch=True),
    public_key=st.just("") | st.from_regex(recordable._PUBLIC_KEY, fullmatch=True),
    unconfirmed=st.booleans(),
    api_key_id=st.just("") | st.from_regex(recordable._API_KEY_ID, fullmatch=True),
)
rotations = st.builds(
    Rotation,
    text,
    times,
    st.lists(text, max_size=2).map(tuple),
    st.integers(0, 9),
    st.dictionaries(addresses, st.integers(1, 9), max_size=3),
    st.lists(st.from_regex(recordable._API_KEY_ID, fullmatch=True), max_size=2).map(tuple),
    st.builds(Proof, text, text, text, st.integers(0, 2**40)),
    st.booleans(),
)
states = st.builds(
    State,
    st.integers(0, 2**40),
    st.uuids().map(str),
    st.binary(min_size=32, max_size=32),
    st.lists(files, max_size=3).map(tuple),
    st.dictionaries(addresses, record_values, max_size=4).map(
        lambda records: dict(map(_with_audience, records.items()))
    ),
    st.dictionaries(addresses, st.none() | text, max_size=3),
    st.uuids().map(str) | st.just(""),
    st.dictionaries(text, st.frozensets(ids, max_size=3), max_size=3),
    rotations=st.dictionaries(text.filter(bool), rotations, max_size=2),
)


def sample() -> State:
    """Make a small state with each kind of entry, written in two cases."""
    a, b = Address(Scope(Repo.parse("acme/api")), "A"), Address(Scope(Repo.parse("Acme/API")), "B")
    updated, written, since = (f"2026-03-01T10:00:0{second}Z" for second in (2, 1, 0))
    record = Record("hmac-sha256:00", updated, "ci", 7, written, since, adopted=True)
    pending = {a: None, b: "scrypt:11"}
    return State(3, LINEAGE, b"\x07" * 32, ("flowforge.yaml", "sub/ü.yaml"), {b: record}, pending)


def refusal(data: bytes) -> str:
    """Return the message that `data` is refused with."""
    with pytest.raises(StateError) as caught:
        decode(data, "s.json")
    return str(caught.value)


def test_the_bytes_are_these() -> None:
    """The layout is fixed: sorted, one secret a line, ASCII, a checksum, a newline at the end."""
    data, checksum = encode(sample())
    assert GOLDEN % checksum == data.decode("ascii")
    body = json.loads(data)
    del body["checksum"]
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")
    assert f"sha256:{hashlib.sha256(canonical).hexdigest()}" == checksum


@pytest.mark.parametrize("serial", [0, LAST_SERIAL])
def test_the_first_serial_and_the_last(serial: int) -> None:
    """Both are read, and none beside them, though its checksum fits."""
    data, _ = encode(replace(sample(), serial=serial))
    assert serial == decode(data, "s.json").state.serial
    beside, _ = encode(replace(sample(), serial=-1 if serial == 0 else serial + 1))
    assert "version or serial is out of range" in refusal(beside)


def test_the_digest_of_what_is_remembered() -> None:
    """It moves with every secret, open write and admitted repo, and with nothing that a run alone changes."""
    state = replace(sample(), admitted={"group g": frozenset({7})})
    lease = Lease("us", "a run", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z")
    ((address, record),) = state.records.items()
    same = [
        replace(state, serial=4, lineage=LINEAGE.replace("1", "2"), salt=b"\x08" * 32),
        replace(state, manifests=(), folded=LINEAGE, lease=lease, moved_to="elsewhere"),
        replace(state, pending=dict(list(state.pending.items())[::-1])),
    ]
    assert {digest(state)} == set(map(digest, same))
    other = [
        *(replace(state, records={**each}) for each in ({}, {Address(address.scope, "C"): record})),
        replace(state, records={address: replace(record, fingerprint="hmac-sha256:01")}),
        replace(state, records={address: replace(record, updated_at=record.written_at)}),
        replace(state, pending={}),
        replace(state, pending={**state.pending, address: None}),
        *(replace(state, admitted=each) for each in ({}, {"group g": frozenset({8})}, {"group h": frozenset({7})})),
    ]
    assert len({digest(state), *map(digest, other)}) == len(other) + 1


@given(states)
def test_what_is_written_is_read(state: State) -> None:
    """Any state comes back as it was, and is written to the same bytes again."""
    data, checksum = encode(state)
    written = decode(data, "s.json")
    assert (state, checksum) == (written.state, written.checksum)
    assert (data, checksum) == encode(written.state)


def test_the_layout_does_not_matter_to_the_checksum() -> None:
    """A formatter that ran over the file changed no fact, so the state is still readable."""
    data, _ = encode(sample())
    assert sample() == decode(json.dumps(json.loads(data), indent=8).encode(), "s.json").state


def test_a_salt_does_not_show_in_a_traceback() -> None:
    """The salt keys the fingerprints, so it stays out of a state's repr."""
    assert "salt" not in repr(sample())


def edited(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Write the sample with one edit to its JSON, its checksum left as it was."""
    body = json.loads(encode(sample())[0])
    change(body)
    return json.dumps(body).encode()


NO_PLACE = 'secrets[2] names no repo or store that is known: "acme/api", "actions"'
ORG: dict[str, Any] = {
    **json.loads(GOLDEN)["secrets"][1],
    "org": "acme",
    "visibility": "selected",
    "repo_ids": [7],
}
del ORG["repo"], ORG["pending"]
DAMAGED: dict[str, tuple[bytes, str]] = {
    "empty": (b" \n", "it is empty"),
    "cut": (encode(sample())[0][:40], "it is not JSON from line 2, column 15 on"),
    "binary": (b"\xff\xfe", "it is UTF-16, not UTF-8"),
    "number": (b"9" * 5000, "it is not JSON"),
    "nested": (b"[" * 200_000, "it is nested too deeply"),
    "conflict": (b'{\n<<<<<<< HEAD\n "a": 1\n=======\n>>>>>>> x\n}', "it holds the markers of a merge conflict in git"),
    "list": (b"[]", "the file is not an object"),
    "unknown": (edited(lambda s: s.update(extra=1)), 'the file has "extra", which is not known'),
    "missing": (edited(lambda s: s.pop("salt")), "the file has no salt"),
    "bool": (edited(lambda s: s.update(serial=True)), "serial of the file is not a whole number"),
    "negative": (edited(lambda s: s.update(serial=-1)), "version or serial is out of range"),
    "endless": (edited(lambda s: s.update(serial=2**53 + 1)), "version or serial is out of range"),
    "old": (edited(lambda s: s.update(version=0)), "version or serial is out of range"),
    "lineage": (edited(lambda s: s.update(lineage="x")), "lineage is not a UUID"),
    "moved nowhere": (edited(lambda s: s.update(moved_to="")), "moved_to is empty"),
    "short salt": (edited(lambda s: s.update(salt="AAAA")), "salt is not 32 bytes in base64"),
    "bad salt": (edited(lambda s: s.update(salt="ä")), "salt is not 32 bytes in base64"),
    "manifests": (edited(lambda s: s.update(manifests=[1])), "manifests is not a list of texts"),
    "no path": (
        edited(lambda s: s.update(manifests=["a\0b"])),
        "manifests has a text that cannot be the name of a file",
    ),
    "half a path": (
        edited(lambda s: s.update(manifests=["\ud800"])),
        "manifests has a text that cannot be the name of a file",
    ),
    "no time": (
        edited(lambda s: s["secrets"][1].update(value_since="\x1b[1m")),
        'value_since is "\\x1b[1m", which is no time',
    ),
    "a runner's command for a time": (
        edited(lambda s: s["secrets"][1].update(updated_at="##[set-output name=x]y")),
        'updated_at is "##\\u005bset-output name=x]y", which is no time',
    ),
    "a command with a time": (
        edited(lambda s: s["secrets"][1].update(written_at="2026-03-01T10:00:00Z\n::set-env name=x::y")),
        'written_at is "2026-03-01T10:00:00Z\\n::set-env name=x::y", which is no time',
    ),
    "drift at no time": (
        edited(lambda s: s["secrets"][1].update(drifted_at="yesterday")),
        'drifted_at is "yesterday", which is no time',
    ),
    "never listed": (edited(lambda s: s["secrets"][1].update(updated_at="")), 'updated_at is "", which is no time'),
    "no id": (edited(lambda s: s["secrets"][1].update(repo_id=-5)), "repo_id is not an id"),
    "an endless id": (edited(lambda s: s["secrets"][1].update(repo_id=2**53 + 1)), "repo_id is not an id"),
    "a name that leads elsewhere": (
        edited(lambda s: s["secrets"][0].update(name="../../x")),
        'secrets[0] has a name that no secret has: "../../x"',
    ),
    "no time in UTC": (
        edited(lambda s: s["secrets"][1].update(value_since="0001-01-01T00:00:00+14:00")),
        'value_since is "0001-01-01T00:00:00+14:00", which is no time',
    ),
    "long environment": (
        edited(lambda s: s["secrets"][0].update(environment="e" * 256)),
        f'secrets[0] names an environment that cannot be: "{"e" * 119}…"',
    ),
    "half a name": (
        edited(lambda s: s["secrets"][0].update(environment="\ud800")),
        'secrets[0] names an environment that cannot be: "\\ud800"',
    ),
    "entry": (edited(lambda s: s["secrets"].append(1)), "secrets[2] is not an object"),
    "no record": (edited(lambda s: s["secrets"][0].pop("pending")), "secrets[0] has no adopted"),
    "pending": (edited(lambda s: s["secrets"][0].update(pending=1)), "pending of secrets[0] is not a text or null"),
    "repo": (
        edited(lambda s: s["secrets"][0].update(repo="no\x1brepo")),
        'secrets[0] names no repo or store that is known: "no\\x1brepo", "actions"',
    ),
    "store": (
        edited(lambda s: s["secrets"][0].update(store="packages")),
        'secrets[0] names no repo or store that is known: "acme/api", "packages"',
    ),
    "environment of another store": (
        edited(lambda s: s["secrets"][0].update(store="dependabot", environment="production")),
        'secrets[0] names an environment that cannot be: "production"',
    ),
    "environment without a name": (
        edited(lambda s: s["secrets"][0].update(environment="")),
        'secrets[0] names an environment that cannot be: ""',
    ),
    "environment that is no text": (
        edited(lambda s: s["secrets"][0].update(environment=None)),
        "environment of secrets[0] is not a text",
    ),
    "organization": (edited(lambda s: s["secrets"].append(ORG | {"org": "acme/api"})), NO_PLACE),
    "organization and repo": (
        edited(lambda s: s["secrets"].append(ORG | {"repo": "acme/api"})),
        'secrets[2] has "repo", which is not known',
    ),
    "visibility": (
        edited(lambda s: s["secrets"].append(ORG | {"visibility": "selectd"})),
        'visibility is "selectd", which is not known',
    ),
    "ids": (edited(lambda s: s["secrets"].append(ORG | {"repo_ids": [0]})), "repo_ids is not a list of ids"),
    "no ids": (
        edited(lambda s: s["secrets"].append({key: ORG[key] for key in ORG.keys() - {"repo_ids"}})),
        "secrets[2] has no repo_ids",
    ),
    "audience of a repo's": (
        edited(lambda s: s["secrets"][1].update(visibility="all", repo_ids=[])),
        'secrets[1] has "repo_ids", which is not known',
    ),
    "drift without a record": (
        edited(lambda s: s["secrets"][0].update(drifted_at="u")),
        'secrets[0] has "drifted_at", which is not known',
    ),
    "drift without a time": (edited(lambda s: s["secrets"][1].update(drifted_at="")), "drifted_at is empty"),
    "no commit": (edited(lambda s: s["secrets"][1].update(commit="main")), 'commit is "main", which is no commit'),
    "a commit that is empty": (edited(lambda s: s["secrets"][1].update(commit="")), "commit is empty"),
    "a commit without a record": (
        edited(lambda s: s["secrets"][0].update(commit="a" * 40)),
        'secrets[0] has "commit", which is not known',
    ),
    "no run": (
        edited(lambda s: s["secrets"][1].update(run="https://user:pw@ci.test/1")),
        'run is "https://user:pw@ci.test/1", which is no address of a run',
    ),
    "no public key": (
        edited(lambda s: s["secrets"][1].update(public_key=f"1:{'A' * 42}==")),
        f'public_key is "1:{"A" * 42}==", which is no public key',
    ),
    "a public key that is empty": (edited(lambda s: s["secrets"][1].update(public_key="")), "public_key is empty"),
    "a public key without a record": (
        edited(lambda s: s["secrets"][0].update(public_key=f"1:{'A' * 43}=")),
        'secrets[0] has "public_key", which is not known',
    ),
    "unconfirmed, or not": (
        edited(lambda s: s["secrets"][1].update(unconfirmed=False)),
        "unconfirmed is false, and then it is left out",
    ),
    "unconfirmed without a record": (
        edited(lambda s: s["secrets"][0].update(unconfirmed=True)),
        'secrets[0] has "unconfirmed", which is not known',
    ),
    "unconfirmed that is no truth": (
        edited(lambda s: s["secrets"][1].update(unconfirmed=1)),
        "unconfirmed of secrets[1] is not true or false",
    ),
    "no id of a key": (
        edited(lambda s: s["secrets"][1].update(api_key_id="apikey_1/2")),
        'api_key_id is "apikey_1/2", which is no id of an API key',
    ),
    "an id of a key that is empty": (
        edited(lambda s: s["secrets"][1].update(api_key_id="")),
        "api_key_id is empty",
    ),
    "an id of a key without a record": (
        edited(lambda s: s["secrets"][0].update(api_key_id="apikey_1")),
        'secrets[0] has "api_key_id", which is not known',
    ),
    "twice": (
        edited(lambda s: s["secrets"].append({**s["secrets"][0], "repo": "ACME/api"})),
        'secrets[2] names "ACME/api/actions/A" a second time',
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_state_is_refused_by_name(case: str) -> None:
    """FF404: each way a file can be damaged, in the exact words that a person reads."""
    data, why = DAMAGED[case]
    assert f"error FF404: s.json: the state is damaged\n  why: {why}{FIX}" == refusal(data)


def test_a_hand_edited_state_is_refused() -> None:
    """FF405: an edit that leaves a well-formed state is seen by the checksum."""
    why = "its checksum does not fit its content: it was edited by hand, merged or cut"
    message = refusal(edited(lambda s: s["secrets"][1].update(fingerprint="hmac-sha256:22")))
    assert f"error FF405: s.json: the state is not as FlowForge wrote it\n  why: {why}{FIX}" == message


def test_a_newer_state_is_refused_before_anything_else_in_it() -> None:
    """FF406: a version that we do not know is named as such, whatever else it holds."""
    assert (
        "error FF406: s.json: the state was written by a newer FlowForge\n"
        "  why: it has version 2; this FlowForge reads up to 1\n"
        "  fix: upgrade FlowForge"
    ) == refusal(b'{"version": 2, "tables": []}')


def outcome(data: bytes) -> object:
    """Return the state that is read, or the code of the refusal; anything else is a crash."""
    try:
        return decode(data, "s.json").state
    except StateError as error:
        return error.problems[0].code


@given(st.data())
def test_no_bytes_crash_the_reader(data: st.DataObject) -> None:
    """Bytes changed, dropped or put in: a refusal, or the very same state where only the layout was touched."""
    whole, _ = encode(sample())
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 40)))
    found = outcome(whole[:start] + data.draw(st.binary(max_size=40)) + whole[end:])
    assert found in ("FF404", "FF405", "FF406", sample())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)


@given(st.data(), json_values)
def test_no_json_crashes_the_reader(data: st.DataObject, value: object) -> None:
    """Any JSON value in any position of the file, or as the file: a refusal, never a crash, never another state."""
    body = json.loads(encode(sample())[0])
    entry = data.draw(st.sampled_from([body, body["secrets"][0], body["secrets"][1]]))
    key = data.draw(st.sampled_from(sorted(entry)))
    entry[key] = value
    assert outcome(json.dumps(body).encode()) in ("FF404", "FF405", "FF406", sample())
    assert outcome(json.dumps(value).encode()) in ("FF404", "FF406")


def test_admitted_repos_are_there_only_where_there_are_any() -> None:
    """A state of before reads as it did, and is written as it was; what selectors admitted is sorted, by holder."""
    admitted = {"target ü": frozenset({2, 1}), "group g": frozenset({3})}
    with_them = replace(sample(), admitted=admitted)
    data, _ = encode(with_them)
    assert b'"admitted": {"group g": [3], "target \\u00fc": [1, 2]},\n' in data
    assert (with_them, sample()) == (decode(data, "s.json").state, decode(encode(sample())[0], "s.json").state)
    assert b"admitted" not in encode(sample())[0]


@pytest.mark.parametrize(
    ("admitted", "said"),
    [
        ([], "admitted of the file is not an object"),
        ({"g": 7}, "admitted is not a list of ids"),
        ({"g": [True]}, "admitted is not a list of ids"),
        ({"g": [0]}, "admitted is not a list of ids"),
        ({"g": ["7"]}, "admitted is not a list of ids"),
        ({"g": [-5]}, "admitted is not a list of ids"),
        ({"g": [2**53 + 1]}, "admitted is not a list of ids"),
    ],
)
def test_what_cannot_have_been_admitted(admitted: object, said: str) -> None:
    """Anything but ids by holder is damage."""
    data = json.loads(encode(sample())[0]) | {"admitted": admitted}
    assert f"error FF404: s.json: the state is damaged\n  why: {said}{FIX}" == refusal(json.dumps(data).encode())


def test_rotations_are_there_only_where_there_are_any() -> None:
    """A state of before reads as it did; of a rotation each address stands with its batch, sorted, whoever wrote it."""
    (address,) = sample().records
    other = Address(Scope(Repo.organization("acme")), "A")
    walk = Rotation("hmac-sha256:11", "2026-03-01T10:00:00Z", ("hmac-sha256:00",), 1, {address: 2, other: 1})
    with_it = replace(sample(), rotations={"ci": walk})
    data, _ = encode(with_it)
    reached = [
        {"batch": 1, "name": "A", "org": "acme", "store": "actions"},
        {"batch": 2, "name": "B", "repo": "Acme/API", "store": "actions"},
    ]
    assert reached == json.loads(data)["rotations"]["ci"]["reached"]
    assert with_it == decode(data, "s.json").state
    assert b"rotations" not in encode(sample())[0]


_WALK = {"fingerprint": "f", "since": "2026-03-01T10:00:00Z", "before": [], "proven": 0, "reached": [], "old_keys": []}
_PROOF = {"batches": "", "canary": "", "command": "", "timeout": 0}
_HERE = {"repo": "a/b", "store": "actions", "name": "A", "batch": 1}


@pytest.mark.parametrize(
    ("rotations", "said"),
    [
        ([], "rotations of the file is not an object"),
        ({}, "rotations is empty"),
        ({"": _WALK}, "a rotation is of no credential"),
        ({"ci": {**_WALK, "since": "soon"}}, 'since of the rotation of "ci" is "soon", which is no time'),
        ({"ci": {**_WALK, "proven": -1}}, 'the number of a batch of the rotation of "ci" is out of range'),
        ({"ci": {**_WALK, "reached": [{**_HERE, "batch": 0}]}}, "the number of a batch of the rotation"),
        ({"ci": {**_WALK, "reached": [_HERE, _HERE]}}, 'names "a/b/actions/A" a second time'),
        ({"ci": {**_WALK, "before": [1]}}, 'before of the rotation of "ci" is not a list of texts'),
        ({"ci": {**_WALK, "old_keys": ["sk"]}}, 'old_keys of the rotation of "ci" has what is no id of an API key'),
        ({"ci": {**_WALK, "at_once": False}}, 'at_once of the rotation of "ci" is false, and then it is left out'),
        ({"ci": {**_WALK, "proof": {**_PROOF, "timeout": -1}}}, 'timeout of proof of the rotation of "ci" is out of'),
        ({"ci": {**_WALK, "proof": _PROOF}}, 'proof of the rotation of "ci" says nothing, and then it is left out'),
        ({"ci": {**_WALK, "proof": {"canary": "a.yml"}}}, 'proof of the rotation of "ci" has no batches'),
        ({"ci": {**_WALK, "more": 1}}, 'the rotation of "ci" has "more", which is not known'),
    ],
)
def test_what_cannot_be_a_rotation(rotations: object, said: str) -> None:
    """It is damage, and named."""
    data = json.loads(encode(sample())[0]) | {"rotations": rotations}
    assert said in refusal(json.dumps(data).encode())
