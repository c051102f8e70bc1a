"""What a state's place can be that keeps a state from being there: each said exactly, and nothing written."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from flowforge.errors import FlowForgeError
from flowforge.github.branch_file import MOST_WRITTEN, blob_sha, create_branch, read, require_private, write
from flowforge.github.branch_problems import BranchFile
from flowforge.github.http import Client
from flowforge.github.problems import RepoError
from flowforge.plan.address import Repo
from flowforge.sandbox import Fault, FaultKind, Level, Sandbox, Token, TokenKind, World

MakeClient = Callable[..., Client]
Act = Callable[[Client], object]
OPS = "acme/ops"
PLACE = BranchFile(Repo.parse(OPS), "state", "state.json")
AT = "acme/ops state:state.json"
WHY = "  why: the state is kept through the contents of its repo\n"
PERMIT = (
    "  fix: give the token (GH_TOKEN) the permission Contents: read and write (classic: the scope repo); "
    "in a workflow, write `permissions: {contents: write}`"
)
INVISIBLE = (
    f"error FF420: {AT}: the state's repo is not found, or invisible to the token\n"
    "  fix: check state.github.repo, and that the state's token (GH_TOKEN) may see it"
)
RENAMED = f"error FF421: {AT}: the state's repo is renamed to acme/new\n  fix: write acme/new in state.github.repo"
PUBLIC = (
    f"error FF422: {AT}: the state's repo is public\n"
    "  why: a state names repos, secrets and times, and anybody could read it\n"
    "  fix: make it private, or keep the state in another repo"
)
ARCHIVED = (
    f"error FF423: {AT}: the state's repo is archived, so it is read-only\n"
    "  fix: unarchive it, or keep the state in another repo"
)
UNSEEN = (
    f"error FF424: {AT}: no permission: the token sees the repo, but may not do this with its contents\n{WHY}{PERMIT}"
)
GUARDED = (
    f"error FF425: {AT}: the branch does not take the state: GitHub says {{}}\n"
    "  fix: take the branch out of its protection or rules, or let the state's token pass them"
)
EMPTY = (
    f"error FF426: {AT}: the state's repo has no commit yet\n"
    "  why: GitHub cannot create a branch in a repo without a commit\n"
    "  fix: commit any file to it, such as a README"
)


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    """Return the world with the repo, the branch and the file."""
    sandbox.world.create_repo(OPS)
    sandbox.world.edit_file(OPS, PLACE.path, "one", branch=PLACE.branch)
    return sandbox.world


def reads(client: Client) -> object:
    """Read it."""
    return read(client, PLACE)


def writes(client: Client) -> object:
    """Swap it."""
    return write(client, PLACE, b"two", blob_sha(b"one"), "swap")


def begins(client: Client) -> object:
    """Begin another branch."""
    return create_branch(client, replace(PLACE, branch="new"), b"two", "begin")


def looks(client: Client) -> object:
    """Look at the repo."""
    require_private(client, PLACE)
    return None


def told(act: Act, client: Client) -> str:
    """Return what an act is refused with, wherever it was."""
    with pytest.raises(FlowForgeError) as caught:
        act(client)
    return str(caught.value).replace("acme/ops new:", "acme/ops state:")


@pytest.mark.parametrize("act", [reads, writes, begins, looks])
def test_invisible_and_renamed(world: World, connect: MakeClient, act: Act) -> None:
    """A repo that is not there for the token is never taken for one without a state; a new name is told."""
    client = connect()
    world.hide_repo(OPS)
    assert told(act, client) == INVISIBLE
    world.hide_repo(OPS, hidden=False)
    world.rename_repo(OPS, "acme/new")
    assert told(act, client) == RENAMED


def test_public_archived_or_fine(world: World, connect: MakeClient) -> None:
    """A private and an internal repo may hold a state; a public one may not, nor an archived one."""
    client = connect()
    for visibility in ("private", "internal"):
        world.set_visibility(OPS, visibility)
        require_private(client, PLACE)
    world.archive_repo(OPS)
    assert [told(act, client) for act in (looks, writes, begins)] == [ARCHIVED] * 3
    world.set_visibility(OPS, "public")
    assert told(looks, client) == PUBLIC


@pytest.mark.parametrize("workflow", [False, True])
@pytest.mark.parametrize("kind", [TokenKind.APP, TokenKind.WORKFLOW])
def test_no_permission_to_write(world: World, connect: MakeClient, kind: TokenKind, *, workflow: bool) -> None:
    """A token that only reads is told the permission that GitHub asks for; a workflow's own token as well."""
    world.add_token("reader", Token(kind, permissions={"contents": Level.READ}))
    client = connect(token="reader", origin="GITHUB_TOKEN" if workflow else "GH_TOKEN", workflow=workflow)
    reads(client)
    permit = PERMIT.replace("(GH_TOKEN)", f"({client.token.origin})")
    detail = f"error FF424: {AT}: no permission: GitHub accepts contents=write\n{WHY}{permit}"
    assert [told(act, client) for act in (writes, begins)] == [detail] * 2
    world.add_token("reader", Token(kind, permissions={"contents": Level.NONE}))
    assert told(reads, client) == detail.replace("contents=write", "contents=read")
    world.add_token("reader", Token(kind, permissions={"contents": Level.WRITE}))
    writes(client)


def test_a_404_that_is_a_permission(world: World, connect: MakeClient, scripted: MakeClient) -> None:
    """GitHub's 404 where the repo is seen is no absent state, neither to a reader nor to a writer."""
    world.add_token("classic", Token(TokenKind.CLASSIC, role="read"))
    client = connect(token="classic")
    assert [told(act, client) for act in (writes, begins)] == [UNSEEN] * 2

    def handle(request: httpx.Request) -> httpx.Response:
        seen = request.url.path == "/repos/acme/ops"
        return httpx.Response(200 if seen else 404, json={"message": "" if seen else "Not Found"})

    assert told(reads, scripted(handle)) == UNSEEN


@pytest.mark.parametrize(
    ("by", "updated", "made"),
    [
        (
            "protection",
            '"Could not update file: Changes must be made through a pull request."',
            '"Reference update failed: Changes must be made through a pull request."',
        ),
        ("rules", *['"Repository rule violations found Changes must be made through a pull request."'] * 2),
    ],
)
def test_a_guarded_branch(world: World, connect: MakeClient, by: str, updated: str, made: str) -> None:
    """A protected branch refuses the state in GitHub's words, whether it is to be changed or made."""
    client = connect()
    for branch in ("state", "new"):
        world.protect_branch(OPS, branch, by=by)
    assert [told(act, client) for act in (writes, begins)] == [GUARDED.format(updated), GUARDED.format(made)]
    assert world.read_file(OPS, PLACE.path, branch=PLACE.branch) == "one"


def test_an_empty_repo(world: World, connect: MakeClient) -> None:
    """A repo without a commit takes no branch, and says what it lacks."""
    world.delete_repo(OPS)
    world.create_repo(OPS, empty=True)
    assert told(begins, connect()) == EMPTY


def test_too_large(world: World, connect: MakeClient) -> None:
    """More than GitHub takes in a request is not sent; more than it gives is not read."""
    client = connect()
    data = b"x" * (MOST_WRITTEN + 1)
    expected = (
        f"error FF427: {AT}: the state would have 20,000,001 bytes; GitHub is known to take 20,000,000\n"
        "  fix: split the manifest: each part has a state of its own, of another state.github.path"
    )
    assert told(lambda client: write(client, PLACE, data, None, "m"), client) == expected
    assert told(lambda client: create_branch(client, PLACE, data, "m"), client) == expected
    assert client.requests == 0
    expected = (
        f"error FF430: {AT}: the state's file is larger than the 100 MB that GitHub returns\n"
        "  fix: look at what is there: no state is that large"
    )
    world.edit_file(OPS, PLACE.path, "x" * 1_000_001, branch=PLACE.branch)
    for match in ("contents", "blobs"):
        message = "This API returns blobs up to 100 MB in size."
        world.faults.add(Fault(f"GET .*/{match}/", FaultKind.STATUS, status=403, message=message))
        assert told(reads, client) == expected


def test_a_folder(world: World, connect: MakeClient) -> None:
    """A folder in the file's place is named, and is no state."""
    world.delete_file(OPS, PLACE.path, branch=PLACE.branch)
    world.edit_file(OPS, f"{PLACE.path}/in", "x", branch=PLACE.branch)
    assert told(reads, connect()) == (
        f"error FF428: {AT}: a folder is where the state's file should be\n  fix: write another state.github.path"
    )


def test_other_refusals(world: World, connect: MakeClient) -> None:
    """A refusal that we do not know is shown in GitHub's words; one of the token's organization stays what it is."""
    client = connect()
    world.faults.add(Fault("PUT", FaultKind.STATUS, status=422, message="path contains a malformed path component"))
    assert told(writes, client) == (
        f'error FF431: {AT}: GitHub refuses the state with 422: "path contains a malformed path component"\n'
        "  fix: check state.github.branch and state.github.path"
    )
    message = "the IP allow list does not have you"
    world.faults.add(Fault("GET .*/contents/", FaultKind.STATUS, status=403, message=message))
    assert told(reads, client) == (
        f'error FF350: {AT}: GitHub refuses it: "the IP allow list does not have you"\n'
        "  fix: run it from an address on that list, or have this one added to it"
    )
    world.faults.add(
        Fault("GET .*/(git/matching-refs|contents)/", FaultKind.STATUS, 2, status=404, message="Not Found")
    )
    world.faults.add(Fault("GET /repos/acme/ops", FaultKind.STATUS, 4, status=502))
    assert told(reads, client).startswith(
        f"error FF328: {AT}: no usable answer in 4 tries: it answered 502 Bad Gateway"
    )


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ([], "a file without its sha or its content"),
        ({"type": "file", "sha": "1", "encoding": "base64", "content": ""}, "a file without its sha or its content"),
        (
            {"type": "file", "sha": "a" * 40, "encoding": "base64", "content": "?"},
            "a file's content that is not base64",
        ),
    ],
)
def test_answers_of_another_shape(scripted: MakeClient, shown: object, words: str) -> None:
    """What is not as GitHub documents it is neither a file nor the absence of one."""
    assert told(reads, scripted(lambda _: httpx.Response(200, json=shown))) == (
        f"error FF327: {AT}: {words}\n  fix: check that github.api_url, or GITHUB_API_URL, names a GitHub API"
    )


def test_other_shapes_of_git(scripted: MakeClient) -> None:
    """A repo without its privacy, branches that are no list, an object without its hash: each is refused."""

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404 if "contents" in request.url.path else 200, json={})

    client = scripted(handle)
    words = [
        told(act, client).partition("\n")[0].removeprefix(f"error FF327: {AT}: ") for act in (looks, reads, begins)
    ]
    assert words == [
        "a repo without private or archived",
        "references that are no list",
        "an object of git without its sha, among blobs",
    ]


def test_a_begin_that_failed_changed_nothing(world: World, connect: MakeClient) -> None:
    """Objects to which nothing points are no change: an error before the branch is made is a certain one."""
    world.faults.add(Fault("POST .*/git/trees", FaultKind.RESET_AFTER, 4))
    with pytest.raises(RepoError) as caught:
        begins(connect())
    assert (caught.value.certain, world.branches(OPS)) == (True, ["main", "state"])
