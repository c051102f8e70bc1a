"""How to sign in: what a manifest may say of tokens and Apps, for all owners and for single ones."""

from flowforge.manifest.github_settings import AuthSettings
from tests.manifest.conftest import Loader, Refuser

CASES = r"""
## a token and an App
version: 1
github: {auth: {token: {env: T}, app: {client_id: Iv1.a, private_key: {file: app.pem}}}}
targets: []
=>
error FF116: flowforge.yaml:2:34: github.auth has a token and an app
  why: FlowForge signs in to an owner in one way
  fix: remove one of them
## a token and an App of one owner
version: 1
github:
  auth:
    owners:
      acme: {token: {env: T}, app: {client_id: Iv1.a, private_key: {file: app.pem}}}
targets: [{name: t, org: acme, visible_to: all, credential: k}]
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
=>
error FF116: flowforge.yaml:5:31: github.auth.owners.acme has a token and an app
  why: FlowForge signs in to an owner in one way
  fix: remove one of them
## an owner of whom nothing is said
version: 1
github: {auth: {owners: {acme: {}}}}
targets: []
=>
error FF117: flowforge.yaml:2:26: the owner "acme" has neither a token nor an app
  fix: write one of them, or remove it
## an owner in two cases
version: 1
github: {auth: {owners: {acme: {token: {env: A}}, ACME: {token: {env: B}}}}}
targets: []
=>
error FF117: flowforge.yaml:2:51: the owner "ACME" is there twice
  why: GitHub does not tell them apart by case
  fix: remove one of them
## a list that no owner has, beside an App
version: 1
github: {auth: {app: {client_id: Iv1.a, private_key: {file: app.pem}}}}
groups: {g: {select: {installation: true}}}
targets: []
=>
error FF165: flowforge.yaml:3:14: `installation: true` does not say which owner's installation is meant
  why: with github.auth.app or github.auth.owners each owner has a token of its own
  fix: write `org: NAME` or `user: NAME`, in one selector for each owner
## a list that no owner has, beside tokens of owners
version: 1
github: {auth: {owners: {acme: {token: {env: A}}}}}
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, select: {installation: true}, credential: k}]
absent: [{name: a, select: {installation: true}, secret: OLD}]
=>
error FF165: flowforge.yaml:4:21: `installation: true` does not say which owner's installation is meant
  why: with github.auth.app or github.auth.owners each owner has a token of its own
  fix: write `org: NAME` or `user: NAME`, in one selector for each owner
error FF165: flowforge.yaml:5:20: `installation: true` does not say which owner's installation is meant
  why: with github.auth.app or github.auth.owners each owner has a token of its own
  fix: write `org: NAME` or `user: NAME`, in one selector for each owner
"""
GOOD = """\
version: 1
github:
  auth:
    app: {client_id: Iv1.a, private_key: {file: app.pem}}
    owners:
      Beta: {token: {env: BETA}}
      gamma: {app: {client_id: "12", private_key: {env: GAMMA}}}
      delta: {token: {env: DELTA}}
      theta: {token: {env: THETA}}
      iota: {token: {env: IOTA}}
state: {github: {repo: Delta/ops}}
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
groups: {g: {select: {org: THETA}}}
targets:
  - {name: one, repos: [beta/api, acme/api], credential: k}
  - {name: two, org: gamma, visible_to: all, credential: k}
"""


def test_problems(refused: Refuser, given: str, expected: str) -> None:
    """Each of these is refused with its position, in these words."""
    assert expected == refused(given)


def test_an_owner_that_is_not_allowed(refused: Refuser) -> None:
    """The operator's rule of owners holds for `owners` too: a manifest must not bring a token for another one."""
    text = "version: 1\ngithub: {auth: {owners: {acme: {token: {env: A}}}}}\ntargets: []\n"
    said = refused(text, environ={"FLOWFORGE_ALLOWED_OWNERS": "beta"})
    assert said.startswith('error FF112: flowforge.yaml:2:26: the owner "acme" is not allowed')


def test_what_a_manifest_says(loaded: Loader) -> None:
    """Owners are known in lower case, each with how to sign in; one that nothing is of is warned of."""
    manifest = loaded(GOOD)
    settings = manifest.github

    def said(auth: AuthSettings) -> tuple[str, str, str]:
        client = auth.app.client_id if auth.app else ""
        return (
            auth.key,
            client,
            " ".join(f"{key}={value}" for one in auth.sources for key, value in one.options.items()),
        )

    assert ("github.auth", "Iv1.a") == said(settings.auth)[:2]
    assert {
        "beta": ("github.auth.owners.Beta", "", "env=BETA"),
        "gamma": ("github.auth.owners.gamma", "12", "env=GAMMA"),
        "delta": ("github.auth.owners.delta", "", "env=DELTA"),
        "theta": ("github.auth.owners.theta", "", "env=THETA"),
        "iota": ("github.auth.owners.iota", "", "env=IOTA"),
    } == {owner: said(auth) for owner, auth in settings.owners.items()}
    assert settings.divided
    assert 6 == len(settings.sources)
    assert ('flowforge.yaml:10:7: nothing in the manifest is of the owner "iota"',) == manifest.warnings


def test_one_token_for_all(loaded: Loader) -> None:
    """With one token, which may be that of an installation, `installation: true` is what it was."""
    text = "version: 1\ngithub: {auth: {token: {env: T}}}\ngroups: {g: {select: {installation: true}}}\ntargets: []\n"
    manifest = loaded(text)
    assert (False, ()) == (manifest.github.divided, manifest.warnings)
