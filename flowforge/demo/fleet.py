"""The story of a fleet that is brought onto a credential, and back onto it after three troubles."""

from flowforge.demo.story import Command, ShownValues, Stage, Step, Story

_KEY, _TOKEN = "ACME_ANTHROPIC_KEY", "ACME_CLAUDE_TOKEN"
_FLEET = (
    *("accounts", "alerts", "api", "auth", "billing", "catalog", "checkout", "data", "design", "docs", "gateway"),
    *("infra", "media", "metrics", "mobile", "models", "payments", "platform", "releases", "reports", "search"),
    *("shipping", "tools", "web", "website"),
)
_MANIFEST = """\
version: 1

credentials:
  ci-key:                              # an API key, for every repo
    type: anthropic_api_key
    from: {{env: ACME_ANTHROPIC_KEY}}
  max-plan:                            # from `claude setup-token`, for one
    type: claude_code_oauth_token
    from: {{env: ACME_CLAUDE_TOKEN}}

groups:
  fleet:
    repos:
{repos}

targets:
  - name: Claude reviews in CI
    groups: [fleet]
    exclude: [acme/releases]
    credential: ci-key
  - name: Releases use the subscription
    repos: [acme/releases]
    credential: max-plan
"""
_PLAN, _APPLY = Command("plan"), Command("apply --yes")


def _trouble(stage: Stage) -> None:
    stage.renew(_TOKEN)
    # An edit and a deletion by hand, which only GitHub's times and lists show. Its times are whole seconds: nobody can
    # see an edit in the same second as the write before it.
    world = stage.sandbox.world
    world.pause(1.1)
    world.set_secret("acme/billing", "ANTHROPIC_API_KEY", "edited-behind-our-back")
    world.delete_secret("acme/docs", "ANTHROPIC_API_KEY")


def _proof(stage: Stage) -> ShownValues:
    def wanted(repo: str) -> dict[str, str]:
        if repo == "acme/releases":
            return {"CLAUDE_CODE_OAUTH_TOKEN": stage.values[_TOKEN]}
        return {"ANTHROPIC_API_KEY": stage.values[_KEY]}

    right, limits = stage.holding(wanted), stage.sandbox.world.limits
    refused = sum(limits.refusals.values())
    return ShownValues(
        right == len(stage.repos),
        (
            f"{right} of {len(stage.repos)} repositories hold exactly the intended value.",
            f"GitHub's published limits held: {limits.points_spent} points spent, {refused} requests refused.",
        ),
    )


STORY = Story(
    said=(
        "FlowForge demo. No account, no token and no network: a sandbox on this machine",
        f"plays GitHub, with {len(_FLEET)} repositories of acme. The values are made up.",
    ),
    names=_FLEET,
    manifest=_MANIFEST,
    kinds={_KEY: "api03", _TOKEN: "oat01"},
    steps=(
        Step(("1. What does GitHub lack? plan only reads.",), (_PLAN,)),
        Step(("2. Make it so. Each value is sealed with its repo's public key, and sent.",), (_APPLY,)),
        Step(
            (
                "3. Is every repo on the key? GitHub never gives a secret back; FlowForge keeps",
                "   a keyed fingerprint of what it wrote and the time that GitHub gave for it, in",
                "   flowforge.state.json. No value is in that file.",
            ),
            (_PLAN,),
        ),
        Step(
            (
                "4. Now three things happen that nobody tells FlowForge: the release token is",
                "   rotated at its source, somebody edits acme/billing's secret by hand, and",
                "   somebody deletes acme/docs's.",
            ),
            (_PLAN,),
            happens=_trouble,
        ),
        Step(("5. Mend exactly those three.",), (_APPLY, _PLAN)),
        Step(("6. The proof that only a sandbox gives: it opens each sealed box and compares.",), proof=_proof),
    ),
)
