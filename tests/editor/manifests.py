"""Manifests that are wrong in one place, which an editor is to mark: the line that ends with `# here`."""

from typing import Final

CREDENTIALS: Final = """\
version: 1
credentials:
  key: {type: anthropic_api_key, from: {env: KEY}}
"""
TARGET: Final = "targets:\n  - name: All\n    credential: key\n    repos: [acme/api]\n"

BAD: Final = {
    "another version": "version: 2  # here\ntargets: []\n",
    "no version": "targets: []  # here\n",
    "an unknown key": "version: 1\ntargest: []  # here\n",
    "an unknown key of a target": f"{CREDENTIALS}{TARGET}    evironments: [prod]  # here\n",
    "an unknown type": "version: 1\ncredentials:\n  key:\n    type: anthropic_key  # here\n    from: {env: KEY}\n",
    "a text for a list": f"{CREDENTIALS}targets:\n  - name: All\n    credential: key\n    repos: acme/api  # here\n",
    "a repo without an owner": f"{CREDENTIALS}{TARGET}".replace("repos: [acme/api]", "repos: [api]  # here"),
    "a secret's name": f"{CREDENTIALS}{TARGET}    secret: GITHUB_KEY  # here\n",
    "an unknown store": f"{CREDENTIALS}{TARGET}    stores: [action]  # here\n",
    "a number for a text": f"{CREDENTIALS}{TARGET}    tags: [3]  # here\n",
    "a text for true": f"{CREDENTIALS}{TARGET}    environments: [e]\n    create_environment: 'yes'  # here\n",
    "an unknown policy": f"{CREDENTIALS}{TARGET}    on_drift: ignore  # here\n",
    "a date": "version: 1\ncredentials:\n  key:\n    type: anthropic_api_key\n    from: {env: KEY}\n"
    "    expires: 2027-2-1  # here\n",
    "a duration": "version: 1\ncredentials:\n  key:\n    type: anthropic_api_key\n    from: {env: KEY}\n"
    "    max_age: 3 months  # here\n",
    "two sources": "version: 1\ncredentials:\n  key:\n    type: anthropic_api_key\n"
    "    from:\n      env: KEY  # here\n      file: key.txt\n",
    "no source": "version: 1\ncredentials:\n  key:\n    type: anthropic_api_key\n    from: {timeout: 3s}  # here\n",
    "an option of another source": "version: 1\ncredentials:\n  key:\n    type: anthropic_api_key\n"
    "    from:\n      env: KEY  # here\n      timeout: 3s\n",
    "a target without repositories": f"{CREDENTIALS}targets:\n  - name: All  # here\n    credential: key\n",
    "a target without a credential": "version: 1\ntargets:\n  - name: All  # here\n    repos: [acme/api]\n",
    "a target with stores and environments": f"{CREDENTIALS}targets:\n  - name: All  # here\n    credential: key\n"
    "    repos: [acme/api]\n    stores: [actions]\n    environments: [e]\n",
    "an organization's secret that nobody sees": f"{CREDENTIALS}targets:\n  - name: All  # here\n    credential: key\n"
    "    org: acme\n",
    "an organization with repositories": f"{CREDENTIALS}targets:\n  - name: All  # here\n    credential: key\n"
    "    org: acme\n    visible_to: all\n    repos: [acme/api]\n",
    "an environment to create, and none named": f"{CREDENTIALS}targets:\n  - name: All  # here\n    credential: key\n"
    "    repos: [acme/api]\n    create_environment: true\n",
    "a selector of two owners": f"{CREDENTIALS}targets:\n  - name: All\n    credential: key\n    select:\n"
    "      org: acme  # here\n      user: ada\n",
    "a setting of no selector": f"{CREDENTIALS}groups:\n  g:\n    repos: [acme/api]  # here\n    auto_admit: true\n",
    "a token and an app": "version: 1\ntargets: []\ngithub:\n  auth:\n    token: {env: T}  # here\n"
    "    app: {client_id: x, private_key: {env: P}}\n",
    "two places for the state": "version: 1\ntargets: []\nstate:\n  file: s.json  # here\n  github: {repo: acme/ops}\n",
    "a token that cannot be verified": "version: 1\ncredentials:\n  key:\n    type: claude_code_oauth_token\n"
    "    from: {env: KEY}\n    verify: true  # here\n",
    "a secret and a variable": "version: 1\nabsent:\n  - name: Old  # here\n    repos: [acme/api]\n    secret: A\n"
    "    variable: B\n",
}

# Keys that the manifests of the whole language have not: what goes beside a state on a branch, each source, each App.
RARE: Final = (
    """\
version: 1
audit: true
types:
  our_gateway:
    secret: GATEWAY_TOKEN
    prefix: gw_
    length: 48
    note: of our own
credentials:
  checked:
    type: anthropic_api_key
    from: {env: KEY}
    verify: true
    expect_workspace: wrkspc_abc
    expect_organization: 00000000-0000-0000-0000-000000000000
  address:
    type: anthropic_base_url
    value: https://gateway.example.com
targets: []
""",
    """\
version: 1
github:
  api_url: https://api.github.com
  auth:
    token: {env: TOKEN}
    owners:
      acme:
        app:
          client_id: Iv23liAbCdEfGhIjKlMn
          private_key: {file: key.pem}
state:
  key: {env: STATE_KEY}
  github:
    repo: acme/ops
    branch: flowforge-state
    path: flowforge.state.json
    auth:
      token: {env: OPS_TOKEN}
credentials:
  key:
    type: anthropic_api_key
    from:
      command: [vault]
      timeout: 20s
      pass_env: [VAULT_TOKEN]
    allow_nonstandard: true
    shared: true
    note: made by hand
    owner: platform-team
    issued: 2026-02-01
    expires: 2027-02-01
    max_age: 90d
    per_repo:
      allow: [acme/*]
    only: [acme/*]
  op:
    type: anthropic_api_key
    from:
      onepassword: op://Engineering/Claude/credential
      account: acme.1password.com
  asked:
    type: claude_code_oauth_token
    from:
      prompt: The token
  whose:
    type: anthropic_workload_identity
    federation_rule_id: fdrl_abc
    organization_id: 00000000-0000-0000-0000-000000000000
    service_account_id: svac_abc
    workspace_id: wrkspc_abc
targets:
  - name: All
    select:
      installation: true
      name: svc-*
      topics: [claude]
      visibility: [private]
      archived: false
      fork: false
    allow_empty: true
    auto_admit: true
    credential: key
""",
    """\
version: 1
state:
  file: flowforge.state.json
defaults:
  stores: [actions]
  on_drift: report
targets: []
absent:
  - name: Old
    repos: [acme/api]
    variable: OLD
    environments: [production]
    tags: [old]
""",
)
