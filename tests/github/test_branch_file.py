"""A file on a branch, on the sandbox's real HTTP: read whole, swapped by one of many, and never lost with an answer."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from flowforge.errors import LostRaceError
from flowforge.github.branch_file import FileAbsent, FileFound, FileWritten, blob_sha, create_branch, read, write
from flowforge.github.branch_problems import BranchFile
from flowforge.github.http import Client
from flowforge.github.problems import RepoError, StoppedError
from flowforge.plan.address import Repo
from flowforge.sandbox import Fault, FaultKind, Sandbox, World

MakeClient = Callable[..., Client]
OPS = "acme/ops"
PLACE = BranchFile(Repo.parse(OPS), "state/one", "a b/state.json")
LOST = (
    "error FF429: acme/ops state/one:a b/state.json: the state on GitHub has changed since it was read\n"
    "  why: another run wrote it, or somebody edited or deleted it\n"
    "  fix: run it again"
)


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    """Return the world with the repo, without the branch."""
    sandbox.world.create_repo(OPS)
    return sandbox.world


@pytest.fixture
def begun(world: World) -> World:
    """Return the world with the branch and the file."""
    world.edit_file(OPS, PLACE.path, "one", branch=PLACE.branch)
    return world


def text(world: World) -> str:
    """Return what the file holds now."""
    return world.read_file(OPS, PLACE.path, branch=PLACE.branch)


def faults(world: World, match: str, kind: FaultKind, times: int = 1) -> None:
    """Let a fault strike so many times."""
    world.faults.add(Fault(match, kind, times))


def test_a_state_begins_and_goes_on(world: World, connect: MakeClient) -> None:
    """Absent, begun as an orphan, read, swapped, read again: the hashes are git's, and GitHub dates every answer."""
    client = connect()
    absent = read(client, PLACE)
    assert isinstance(absent, FileAbsent)
    begun = create_branch(client, PLACE, b"one", "begin")
    seen = read(client, PLACE)
    assert isinstance(seen, FileFound)
    written = write(client, PLACE, b"\x00two", seen.sha, "go on")
    again = read(client, PLACE)
    assert isinstance(again, FileFound)
    assert (absent.branch_exists, begun.created, written.created) == (False, True, False)
    assert (b"one", begun.sha, b"\x00two", written.sha) == (seen.data, seen.sha, again.data, again.sha)
    dates = [answer.date for answer in (absent, begun, seen, written, again)]
    assert (sorted(dates), {len(date) for date in dates}) == (dates, {len("2026-11-23T08:00:00Z")})
    assert world.history(OPS, branch=PLACE.branch) == ["begin", "go on"]
    assert world.branches(OPS) == ["main", PLACE.branch]
    assert blob_sha(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_absent_is_two_things(world: World, connect: MakeClient) -> None:
    """A branch without the file, a branch that another's name begins with, a tag's namesake: each is told apart."""
    client = connect()
    world.edit_file(OPS, "else", "x", branch=f"{PLACE.branch}-more")
    seen = [read(client, PLACE)]
    world.edit_file(OPS, "else", "x", branch=PLACE.branch)
    seen += [read(client, PLACE)]
    assert [isinstance(one, FileAbsent) and one.branch_exists for one in seen] == [False, True]
    assert write(client, PLACE, b"one", None, "begin").created
    world.create_repo("acme/empty", empty=True)
    assert read(client, replace(PLACE, repo=Repo.parse("acme/empty"))) == FileAbsent(branch_exists=False, date="")


@pytest.mark.usefixtures("begun")
def test_large_files(connect: MakeClient) -> None:
    """A file over 1 MB is written in one request and read in two, byte for byte."""
    data = bytes(range(256)) * 5000
    client = connect()
    sha = write(client, PLACE, data, blob_sha(b"one"), "grow").sha
    before = client.requests
    seen = read(client, PLACE)
    assert isinstance(seen, FileFound)
    assert (seen.data == data, seen.sha, client.requests - before) == (True, sha, 2)


def test_one_of_many_swaps(begun: World, connect: MakeClient) -> None:
    """Of eight who swap the same file at once one writes, and each of the others is told that it lost."""
    client = connect()

    def attempt(number: int) -> str:
        try:
            return write(client, PLACE, b"by %d" % number, blob_sha(b"one"), f"by {number}").sha
        except LostRaceError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(8)))
    winner = int(text(begun).removeprefix("by "))
    expected = [blob_sha(b"by %d" % number) if number == winner else LOST for number in range(8)]
    assert (expected, begun.history(OPS, branch=PLACE.branch)) == (results, ["edited by hand", f"by {winner}"])


def test_one_of_many_begins(world: World, connect: MakeClient) -> None:
    """Of six who begin the branch at once one does, and each of the others is told that it lost."""
    client = connect()

    def attempt(number: int) -> str:
        try:
            return create_branch(client, PLACE, b"by %d" % number, f"by {number}").sha
        except LostRaceError as error:
            return str(error)

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(attempt, range(6)))
    winner = text(world).encode()
    assert [LOST if b"by %d" % number != winner else blob_sha(winner) for number in range(6)] == results
    assert len(world.history(OPS, branch=PLACE.branch)) == 1


def test_every_increment_counts(begun: World, connect: MakeClient) -> None:
    """Four who read, add one and try again until they win lose nothing, though the bytes of two may be the same."""
    begun.edit_file(OPS, PLACE.path, "0", branch=PLACE.branch)
    client = connect(points=100_000)
    begun.limits.enabled = False

    def add(_: int) -> None:
        while True:
            seen = read(client, PLACE)
            assert isinstance(seen, FileFound)
            try:
                write(client, PLACE, b"%d" % (int(seen.data) + 1), seen.sha, "add")
            except LostRaceError:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(12)))
    assert text(begun) == "12"


@pytest.mark.parametrize("exists", [True, False], ids=["replaced", "new"])
@pytest.mark.parametrize("lost", [1, 4])
def test_a_lost_answer_is_no_lost_write(world: World, connect: MakeClient, lost: int, *, exists: bool) -> None:
    """A write whose answer was lost, sent again and then refused for a hash of before, is known as done; once."""
    world.edit_file(OPS, PLACE.path if exists else "else", "one", branch=PLACE.branch)
    before = blob_sha(b"one") if exists else None
    faults(world, "PUT", FaultKind.RESET_AFTER, lost)
    done = write(connect(), PLACE, b"two", before, "swap")
    assert (done.sha, done.created, text(world)) == (blob_sha(b"two"), not exists, "two")
    assert world.history(OPS, branch=PLACE.branch) == ["edited by hand", "swap"]


@pytest.mark.parametrize("match", ["POST .*/blobs", "POST .*/trees", "POST .*/commits", "POST .*/refs"])
def test_a_branch_begun_without_answers(world: World, connect: MakeClient, match: str) -> None:
    """Each of the four writes that begin a branch may lose its answer: the branch is there, and ours."""
    faults(world, match, FaultKind.RESET_AFTER)
    done = create_branch(connect(), PLACE, b"one", "begin")
    assert (FileWritten(blob_sha(b"one"), done.date, created=True), ["begin"]) == (
        done,
        world.history(OPS, branch=PLACE.branch),
    )


def test_a_late_reading_back_still_tells(begun: World, connect: MakeClient) -> None:
    """A refusal that fits no file as it is seen is sent again; what was lost before is recognised then as well."""
    faults(begun, "PUT", FaultKind.RESET_BEFORE)
    begun.faults.add(Fault("PUT", FaultKind.STATUS, status=409, message="state.json does not match 1a"))
    faults(begun, "PUT", FaultKind.RESET_AFTER)
    assert write(connect(), PLACE, b"two", blob_sha(b"one"), "swap").sha == blob_sha(b"two")
    assert begun.history(OPS, branch=PLACE.branch) == ["edited by hand", "swap"]


def test_a_write_that_did_not_arrive_is_uncertain(begun: World, connect: MakeClient) -> None:
    """Without any answer, and the file as before, nobody can say whether a write still comes: so says the error."""
    faults(begun, "PUT", FaultKind.RESET_BEFORE, 4)
    with pytest.raises(RepoError) as caught:
        write(connect(), PLACE, b"two", blob_sha(b"one"), "swap")
    assert (caught.value.certain, caught.value.problems[0].code, text(begun)) == (False, "FF328", "one")
    assert caught.value.problems[0].where == str(PLACE)


def test_nor_is_one_whose_reading_back_failed(begun: World, connect: MakeClient) -> None:
    """Where reading back fails as well, the write's own error is raised, uncertain."""
    faults(begun, "PUT", FaultKind.RESET_AFTER, 4)
    faults(begun, "GET", FaultKind.RESET_BEFORE, 4)
    with pytest.raises(RepoError) as caught:
        write(connect(), PLACE, b"two", blob_sha(b"one"), "swap")
    assert (caught.value.certain, text(begun)) == (False, "two")


def test_a_superseded_write_is_a_lost_race(begun: World, connect: MakeClient) -> None:
    """A write whose answer was lost, and that somebody wrote over, is to be merged like any lost one."""
    faults(begun, "PUT", FaultKind.RESET_BEFORE)
    begun.edit_file(OPS, PLACE.path, "else", branch=PLACE.branch)
    with pytest.raises(LostRaceError):
        write(connect(), PLACE, b"two", blob_sha(b"one"), "swap")
    assert text(begun) == "else"


@pytest.mark.parametrize("message", ["is at 1a but expected 2b", "refs/heads/state expected to be at 1a"])
def test_a_branch_that_moved_is_tried_again(begun: World, connect: MakeClient, message: str) -> None:
    """GitHub's 409 of two commits at once leaves the file as it was: the same is sent again, and lost at the fourth."""
    begun.faults.add(Fault("PUT", FaultKind.STATUS, 3, status=409, message=message))
    client = connect()
    assert write(client, PLACE, b"two", blob_sha(b"one"), "swap").sha == blob_sha(b"two")
    begun.faults.add(Fault("PUT", FaultKind.STATUS, 4, status=409, message=message))
    with pytest.raises(LostRaceError) as caught:
        write(client, PLACE, b"three", blob_sha(b"two"), "swap")
    assert (str(caught.value), text(begun)) == (LOST, "two")


def test_the_branch_deleted_during_a_run(begun: World, connect: MakeClient) -> None:
    """A write to a branch that is gone is a lost race; reading again says so, and the branch begins anew."""
    client = connect()
    begun.delete_branch(OPS, PLACE.branch)
    with pytest.raises(LostRaceError):
        write(client, PLACE, b"two", blob_sha(b"one"), "swap")
    seen = read(client, PLACE)
    assert isinstance(seen, FileAbsent)
    assert not seen.branch_exists
    create_branch(client, PLACE, b"two", "begin again")
    assert text(begun) == "two"


def test_a_file_deleted_during_a_run(begun: World, connect: MakeClient) -> None:
    """GitHub ignores the hash of a file that is gone: the write creates it, and says so."""
    begun.delete_file(OPS, PLACE.path, branch=PLACE.branch)
    assert write(connect(), PLACE, b"two", blob_sha(b"one"), "swap").created


def test_an_edited_file_is_a_lost_race(begun: World, connect: MakeClient) -> None:
    """Nobody's edit is overwritten: not by who read before it, nor by who thought that there was no file."""
    client = connect()
    for before in (blob_sha(b"zero"), None):
        with pytest.raises(LostRaceError):
            write(client, PLACE, b"two", before, "swap")
    with pytest.raises(LostRaceError):
        create_branch(client, PLACE, b"two", "begin")
    assert text(begun) == "one"


@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.TRUNCATED, FaultKind.PROXY, FaultKind.RESET_AFTER])
@pytest.mark.parametrize("size", [10, 1_200_000])
def test_a_read_is_tried_again(begun: World, connect: MakeClient, kind: FaultKind, size: int) -> None:
    """What spoils an answer once is not taken for the file, be it large or small."""
    begun.edit_file(OPS, PLACE.path, "x" * size, branch=PLACE.branch)
    client = connect()
    client.get("/repos/acme/ops")  # a strange page before the first good answer would end the run
    faults(begun, "GET .*/contents/", kind)
    seen = read(client, PLACE)
    assert isinstance(seen, FileFound)
    assert (seen.sha, len(seen.data)) == (blob_sha(b"x" * size), size)


def test_a_stop_ends_it(begun: World, connect: MakeClient, stop: threading.Event) -> None:
    """A run that is to stop leaves a write that had no answer, and says that nobody knows what became of it."""
    faults(begun, "PUT", FaultKind.RESET_AFTER)
    stop.set()
    with pytest.raises(StoppedError) as caught:
        write(connect(), PLACE, b"two", blob_sha(b"one"), "swap")
    assert (caught.value.certain, text(begun)) == (False, "two")


def test_bytes_that_are_not_the_file(scripted: MakeClient) -> None:
    """A file whose bytes have another hash than it is said to have is refused, small or large."""
    for encoding in ("base64", "none"):
        shown = {"type": "file", "sha": blob_sha(b"one"), "encoding": encoding, "content": "dHdv"}

        def handle(request: httpx.Request, shown: dict[str, str] = shown) -> httpx.Response:
            return (
                httpx.Response(200, content=b"two") if "blobs" in request.url.path else httpx.Response(200, json=shown)
            )

        with pytest.raises(RepoError) as caught:
            read(scripted(handle), PLACE)
        assert str(caught.value).partition("\n")[0] == (
            "error FF327: acme/ops state/one:a b/state.json: a file that has not the hash that it is said to have"
        )
