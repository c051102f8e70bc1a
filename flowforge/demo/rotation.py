"""The story of a rotation: in batches, stopped by a canary, held by an apply, and ended by the same command."""

from collections.abc import Callable

from flowforge.demo.story import Command, ShownValues, Stage, Step, Story

_KEY, _SECRET = "ACME_ANTHROPIC_KEY", "ANTHROPIC_API_KEY"
_FLEET = (
    *("accounts", "api", "auth", "billing", "checkout", "data", "docs", "gateway"),
    *("infra", "mobile", "payments", "reports", "search", "shipping", "web"),
)
_MANIFEST = """\
version: 1

credentials:
  ci-key:                              # an API key, for every repo
    type: anthropic_api_key
    from: {{env: ACME_ANTHROPIC_KEY}}

targets:
  - name: Claude reviews in CI
    repos:
{repos}
    credential: ci-key
"""
_CANARY = ".github/workflows/canary.yml"
_WORKFLOW = """\
name: canary
on: workflow_dispatch
permissions: {contents: read}
jobs:
  ask:
    runs-on: ubuntu-latest
    steps:
      - uses: anthropics/claude-code-action@v1
        with:
          prompt: Answer with the word yes.
          github_token: ${{ github.token }}
          anthropic_api_key: ${{ secrets.ANTHROPIC_API_KEY }}
"""
# Seconds of the sandbox that a run takes.
_RUN = 30.0
_WALK = "rotate ci-key --batch 1,20%,rest --canary canary.yml"


def _prepare(stage: Stage) -> None:
    for repo in stage.repos:
        stage.sandbox.world.edit_file(repo, _CANARY, _WORKFLOW)


def _ends(how: str) -> Callable[[Stage], None]:
    """Return what makes the canary end so, from the second batch on."""

    def happens(stage: Stage) -> None:
        for number, repo in enumerate(stage.repos):
            stage.sandbox.world.set_dispatched(repo, _CANARY, how if number else "well", seconds=_RUN)

    return happens


def _proven(new: int, old: int) -> Callable[[Stage], ShownValues]:
    """Return the proof that so many repos hold the new key and nothing else, and so many the old one."""

    def proof(stage: Stage) -> ShownValues:
        new_now = stage.holding(lambda _: {_SECRET: stage.values[_KEY]})
        old_now = stage.holding(lambda _: {_SECRET: stage.earlier[_KEY]})
        said = f"{new_now} of {len(stage.repos)} repositories hold the new key, {old_now} the old one."
        return ShownValues((new_now, old_now) == (new, old), (f"Opened and compared: {said}",))

    return proof


STORY = Story(
    said=(
        "FlowForge demo: a rotation. No account, no token and no network: a sandbox on",
        f"this machine plays GitHub and its runners, with {len(_FLEET)} repositories of acme. The",
        "values are made up, and a minute of a run passes in a second.",
    ),
    names=_FLEET,
    manifest=_MANIFEST,
    kinds={_KEY: "api03"},
    prepare=_prepare,
    time_scale=60.0,
    steps=(
        Step(("1. The fleet gets a key.",), (Command("apply --yes"),)),
        Step(
            (
                "2. The key is to be replaced. A new one is made in the Console, and put at its",
                "   source. What would a rotation do, and what would it cost? --check only reads.",
            ),
            (Command(f"{_WALK} --check"),),
            happens=lambda stage: stage.renew(_KEY),
        ),
        Step(
            (
                "3. Rotate. After each batch canary.yml, a workflow that asks Claude one thing,",
                "   is dispatched in what was just written. Nobody knows yet that the new key's",
                "   workspace has a spend limit: enough for one repository, and not for four.",
            ),
            (Command(f"{_WALK} --yes", code=3),),
            happens=_ends("red"),
        ),
        Step(
            (
                "4. It is night, and the job that applies the manifest runs. It spreads nothing:",
                "   a key that the canary stopped goes no further.",
            ),
            (Command("apply --yes", code=3),),
            proof=_proven(new=4, old=11),
        ),
        Step(
            (
                "5. Somebody raises the limit. The same command goes on, from where it stands.",
                "   (Back would be: the old key at its source again, and then",
                "   `flowforge rotate ci-key --back --yes`, which takes back those four.)",
            ),
            (Command(f"{_WALK} --yes"),),
            happens=_ends("well"),
        ),
        Step(
            ("6. Nothing is left to do, and the sandbox opens each sealed box once more.",),
            (Command("plan"),),
            proof=_proven(new=len(_FLEET), old=0),
        ),
    ),
)
