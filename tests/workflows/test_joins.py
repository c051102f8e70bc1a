"""Callers and callees joined: places, inputs, secrets, permissions, environments, cycles."""

from typing import Final

import pytest

from flowforge.workflows.expression_tree import Expression
from flowforge.workflows.expressions import read_condition
from flowforge.workflows.joins import occurrences
from flowforge.workflows.loaders import Loading
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.permissions import IdToken
from flowforge.workflows.repository import read_repository
from flowforge.workflows.scopes import Bound
from flowforge.workflows.sources import sources_of

W: Final = ".github/workflows/"
USES: Final = "anthropics/claude-code-action@v1"
STEP: Final = f"{{uses: {USES}, with: {{anthropic_api_key: '${{{{ secrets.KEY }}}}'}}}}"
CALLED: Final = f"on: {{workflow_call: {{}}}}\njobs:\n  c:\n    steps: [{STEP}]\n"


def _walk(**files: str) -> list[Occurrence]:
    named = {(W + name + ".yml" if name != "action" else "act/action.yml"): text for name, text in files.items()}
    return list(occurrences(read_repository(named)))


def _key(occurrence: Occurrence) -> list[tuple[str, str, str]]:
    """Return where the credential of a step comes from."""
    node = occurrence.step.inputs.get("anthropic_api_key") if occurrence.step else None
    found = sources_of(Bound(node, occurrence.scope)) if node else ()
    return [(each.kind.value, each.name, each.where) for each in found]


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        ("secrets: inherit", [("secret", "KEY", "repo")]),
        ("secrets: {KEY: '${{ secrets.OTHER }}'}", [("secret", "OTHER", "repo")]),
        ("secrets: {key: '${{ secrets.A || secrets.B }}'}", [("secret", "A", "repo"), ("secret", "B", "repo")]),
        ("name: none", []),
    ],
)
def test_the_secrets_of_a_called_workflow(secrets: str, expected: list[tuple[str, str, str]]) -> None:
    """What the caller hands on is what the callee has, and nothing else; the step stands at its caller."""
    caller = f"on: push\njobs:\n  a:\n    uses: ./{W}callee.yml\n    {secrets}\n"
    found = _walk(caller=caller, callee=CALLED)
    places = [(each.at.file, each.at.line, each.at.job, each.at.step, each.own.file, each.own.step) for each in found]
    assert ([(W + "caller.yml", 4, "a", None, W + "callee.yml", 0)], expected) == (places, _key(found[0]))


def test_a_workflow_that_nobody_calls_here() -> None:
    """Its secrets are its caller's, whoever that is."""
    assert [[("secret", "KEY", "caller")]] == [_key(each) for each in _walk(callee=CALLED)]


def test_a_local_action() -> None:
    """Its inputs are what its caller gives, or their defaults; the step stands at its caller."""
    action = (
        "inputs: {key: {default: '${{ github.token }}'}, more: {default: x}}\n"
        f"runs: {{using: composite, steps: [{{uses: {USES}, with: {{anthropic_api_key: '${{{{ inputs.key }}}}'}}}}]}}\n"
    )
    caller = "on: push\njobs:\n  a:\n    steps:\n      - uses: ./act\n        with: {KEY: '${{ secrets.MINE }}'}\n"
    joined, alone = _walk(caller=caller, action=action), _walk(action=action)
    assert [[("secret", "MINE", "repo")], [("input", "key", "caller")]] == [_key(joined[0]), _key(alone[0])]
    assert [(W + "caller.yml", 5, "act/action.yml"), ("act/action.yml", 2, "act/action.yml")] == [
        (each.at.file, each.at.line, each.own.file) for each in (joined[0], alone[0])
    ]


def test_what_calls_itself_is_cut() -> None:
    """A workflow that calls itself, two that call each other, and an action that uses itself, come to an end."""
    loop = "on: [push, workflow_call]\njobs:\n  a:\n    uses: ./.github/workflows/{}.yml\n"
    action = f"runs: {{using: composite, steps: [{{uses: ./act}}, {{uses: {USES}}}]}}\n"
    found = _walk(one=loop.format("one"), two=loop.format("three"), three=loop.format("two"), action=action)
    assert [("act/action.yml", USES)] == [(each.at.file, each.uses) for each in found]


def test_calls_are_followed_three_deep() -> None:
    """The third callee is read, and of a fourth it is said why not."""
    chain = {
        f"w{n}": f"on: workflow_call\njobs:\n  a:\n    uses: ./{W}w{n + 1}.yml\n    secrets: inherit\n"
        for n in range(4)
    }
    chain["w0"] = chain["w0"].replace("workflow_call", "push")
    read, deeper = _walk(**{**chain, "w3": CALLED}), _walk(**{**chain, "w4": CALLED})
    assert [("", W + "w3.yml"), ("calls are followed 3 deep", W + "w0.yml")] == [
        (each.why_unread, each.own.file) for each in (read[0], deeper[0])
    ]


@pytest.mark.parametrize(
    ("caller", "callee", "expected"),
    [
        ("", "", IdToken.UNSET),
        ("permissions: {contents: read}", "", IdToken.NONE),
        ("permissions: {contents: read}", "permissions: {id-token: write}", IdToken.NONE),
        ("permissions: {id-token: write}", "", IdToken.WRITE),
        ("permissions: {id-token: write}", "permissions: read-all", IdToken.NONE),
        ("permissions: write-all", "permissions: {id-token: write}", IdToken.WRITE),
        ("permissions: {}", "", IdToken.NONE),
        ("", "permissions: {id-token: none}", IdToken.NONE),
    ],
)
def test_permissions_of_caller_and_callee(caller: str, callee: str, expected: IdToken) -> None:
    """A callee has at most what its caller has, and without a block of its own just that."""
    text = f"on: push\n{caller}\njobs:\n  a:\n    uses: ./{W}callee.yml\n    secrets: inherit\n"
    found = _walk(caller=text, callee=f"{callee}\n{CALLED}")
    assert [expected] == [each.permission.id_token for each in found]


def test_the_environment_of_a_job() -> None:
    """A job's environment is where its secrets are looked for; one that is computed is not known."""
    text = f"on: push\njobs:\n  a:\n    environment: HERE\n    steps: [{STEP}]\n"
    found = [
        _walk(one=text.replace("HERE", each))[0] for each in ("production", "{name: live}", "'${{ github.ref_name }}'")
    ]
    assert ["environment:production", "environment:live", "repo"] == [_key(each)[0][2] for each in found]
    assert [True, True, False] == [each.scope.environment_known for each in found]


def test_what_is_elsewhere_is_not_read() -> None:
    """A workflow of another repository says why it was not read; one of this very repository by its name is read."""
    caller = "on: push\njobs:\n  a:\n    uses: acme/api/.github/workflows/callee.yml@main\n    secrets: inherit\n"
    files = {W + "caller.yml": caller, W + "callee.yml": CALLED}
    found = [list(occurrences(read_repository(files, name))) for name in ("Acme/API", "acme/web")]
    here, there = (next(each for each in walk if each.at.file == W + "caller.yml") for walk in found)
    assert ("", "the workflow is in another repository", True) == (here.why_unread, there.why_unread, there.inherits)


@pytest.mark.parametrize(
    ("script", "handed_on", "loading"),
    [
        ("echo ANTHROPIC_API_KEY=x >> $GITHUB_ENV", {"ANTHROPIC_API_KEY"}, Loading.NONE),
        ("echo ANTHROPIC_API_KEY", set(), Loading.NONE),
        ("cat .env >> $GITHUB_ENV", set(), Loading.LIKELY),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_what_an_earlier_step_hands_on(script: str, handed_on: set[str], loading: Loading, inside: bool) -> None:  # noqa: FBT001 -- a table
    """Those behind a step have what it wrote into the environment, also behind an action of the repository's own."""
    step = f"{{run: '{script}'}}"
    action = f"runs: {{using: composite, steps: [{step}]}}\n"
    steps = f"{STEP}, {'{uses: ./act}' if inside else step}, {STEP}"
    found = [each for each in _walk(one=f"on: push\njobs:\n  a:\n    steps: [{steps}]\n", action=action) if each.uses]
    assert [(set(), Loading.NONE), (handed_on, loading)] == [(set(each.handed_on), each.loading) for each in found]


def _conditions(*jobs: str) -> list[Expression]:
    """Return what must hold for the first of these jobs, in any order."""
    text = "on: push\njobs:\n" + "".join(f"  {each}\n" for each in jobs)
    first = text.replace("FIRST", f"steps: [{STEP}]")
    return sorted((expression for expression, _ in _walk(one=first)[0].conditions), key=str)


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        (["a: {FIRST}", "b: {if: github.b}"], []),
        (["a: {if: github.a, FIRST}"], ["github.a"]),
        (["a: {needs: b, FIRST}", "b: {if: github.b}"], ["github.b"]),
        (
            ["a: {needs: [b, c], if: github.a, FIRST}", "b: {needs: c, if: github.b}", "c: {if: github.c}"],
            ["github.a", "github.b", "github.c"],
        ),
        # One that runs though what it needs was skipped hides what is before it, and nothing beside it.
        (["a: {needs: b, if: always(), FIRST}", "b: {if: github.b}"], ["always()"]),
        (
            ["a: {needs: [b, c], FIRST}", "b: {if: github.b}", "c: {needs: d, if: always()}", "d: {if: github.d}"],
            ["github.b", "always()"],
        ),
        (["a: {needs: gone, FIRST}"], []),
        (["a: {needs: a, if: github.a, FIRST}"], ["github.a"]),
    ],
)
def test_the_conditions_of_a_job(jobs: list[str], expected: list[str]) -> None:
    """Its own, and those of all that it needs, once for each, unless it runs though they were skipped."""
    assert sorted(map(read_condition, expected), key=str) == _conditions(*jobs)
