"""Nothing is kept that cannot be read back: whatever is to be remembered is refused, or the next command reads it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowforge.errors import StateError, UnrecordedError
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.facts import Record
from flowforge.plan.rotation import Rotation
from flowforge.state.branch import StateBranch
from flowforge.state.file import StateFile
from flowforge.state.model import State
from flowforge.state.session import StateSession
from tests.state.place import Place

TIME = "2026-03-01T10:00:00Z"
WORDS = st.text() | st.sampled_from(["", TIME, "##[set-output name=x]y", "\ud800", "9999-12-31T23:59:59Z", "a\0b", "A"])
IDS = st.integers() | st.sampled_from([-5, 0, 1, 2**53, 2**53 + 1, 2**63]) | st.sampled_from([True, 7.0])
REPO = Repo.parse("acme/api")
SCOPES = (
    st.sampled_from([Scope(REPO), Scope(REPO, Store.VARIABLES), Scope(Repo.organization("acme"))])
    | st.builds(Scope.of_environment, st.just(REPO), WORDS)
    | st.builds(Scope.of_environment, st.just(REPO), st.just("production"), st.sampled_from(Store))
)
ADDRESSES = st.builds(Address, SCOPES, WORDS)
RECORDS = st.builds(
    Record,
    WORDS,
    WORDS,
    WORDS,
    IDS,
    WORDS,
    WORDS,
    st.booleans(),
    st.sampled_from(["", "all", "selected", "everybody"]),
    st.lists(IDS, max_size=2).map(tuple),
    WORDS,
)


ROTATIONS = st.builds(
    Rotation,
    WORDS,
    WORDS,
    st.lists(WORDS, max_size=2).map(tuple),
    st.integers(-1, 3),
    st.dictionaries(ADDRESSES, st.integers(0, 3), max_size=2),
)
Home = Callable[[], AbstractContextManager[tuple[StateSession, Callable[[], State]]]]


def intend(address: Address, record: Record) -> Callable[[StateSession], None]:
    """Return a write that begins."""
    return lambda session: session.intend({address: record.fingerprint})


def announce(address: Address, record: Record) -> Callable[[StateSession], None]:
    """Return a write that is announced."""
    return lambda session: session.announce({address: record.fingerprint})


def admit(name: str, ids: frozenset[int]) -> Callable[[StateSession], None]:
    """Return repos that are admitted."""
    return lambda session: session.admit(name, ids)


def rotate(name: str, rotation: Rotation | None) -> Callable[[StateSession], None]:
    """Return a rotation that is moved, or ended."""
    return lambda session: session.rotate(name, rotation)


STEPS = st.lists(
    st.builds(intend, ADDRESSES, RECORDS)
    | st.builds(announce, ADDRESSES, RECORDS)
    | st.builds(lambda address, record: lambda session: session.record(address, record), ADDRESSES, RECORDS)
    | st.builds(lambda address: lambda session: session.forget(address), ADDRESSES)
    | st.builds(rotate, WORDS, st.none() | ROTATIONS)
    | st.builds(admit, WORDS, st.frozensets(IDS, max_size=3))
    | st.builds(lambda names: lambda session: session.adopt_manifests(names), st.lists(WORDS, max_size=2)),
    max_size=6,
)


@contextmanager
def on_disk() -> Iterator[tuple[StateSession, Callable[[], State]]]:
    """Yield a state in a file, and how the next command reads it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "flowforge.state.json"
        with StateFile.open(path) as session:
            yield session, lambda: StateFile.read(path)


@contextmanager
def on_a_branch() -> Iterator[tuple[StateSession, Callable[[], State]]]:
    """Yield a state on a branch, and how the next command reads it."""
    place = Place()
    with place.open() as session:
        yield session, lambda: StateBranch.read(place)


def taken(step: Callable[[StateSession], None], session: StateSession) -> list[str]:
    """Take a step; return the codes of a refusal, none where it was taken."""
    try:
        step(session)
    except StateError as error:
        return [each.code for each in error.problems]
    return []


@pytest.mark.parametrize("home", [on_disk, on_a_branch])
@given(st.data())
@settings(max_examples=settings().max_examples * 3 // 10)
def test_whatever_is_remembered_can_be_read(home: Home, data: st.DataObject) -> None:
    """Any steps with any ids, times and names: each is taken, or refused with FF479, and the state is never damaged."""
    with home() as (session, read):
        for step in data.draw(STEPS):
            assert taken(step, session) in ([], ["FF479"])
        read()
        kept = session.state
        session.close()
        found = read()
    assert (kept.records, kept.admitted, kept.rotations) == (found.records, found.admitted, found.rotations)
    assert found.manifests in (kept.manifests, ())  # none where there was nothing to be written


def test_a_write_whose_record_could_not_be_read_stays_open(path: Path, addresses: tuple[Address, ...]) -> None:
    """FF479 as a write that happened and is not recorded: the next plan shows it as interrupted."""
    address = addresses[0]
    wrong = Record("hmac-sha256:00", TIME, "key", -5, TIME, TIME)
    with StateFile.open(path) as session:
        session.intend({address: "hmac-sha256:00"})
        with pytest.raises(UnrecordedError) as refused:
            session.record(address, wrong)
    assert str(refused.value) == (
        f"error FF479: {address}: what is to be remembered could not be read back\n"
        "  why: an id, a time or a name in it is not valid\n"
        "  fix: check that github.api_url, or GITHUB_API_URL, names a GitHub API, then report it"
    )
    found = StateFile.read(path)
    assert ({}, {address: "hmac-sha256:00"}) == (found.records, found.pending)


def test_what_is_only_to_be_noted_and_could_not_be_read_is_refused(path: Path) -> None:
    """FF479 where nothing was sent is an error of the state, and not a write that is unrecorded."""
    with StateFile.open(path) as session, pytest.raises(StateError) as refused:
        session.admit("group g", frozenset({-5}))
    assert (False, "error FF479: what is to be remembered could not be read back") == (
        isinstance(refused.value, UnrecordedError),
        str(refused.value).split("\n")[0],
    )
    assert not path.exists()
