"""What is said of a manifest whose parts do not fit together: the exact text."""

from collections.abc import Callable

CASES = """
## unknown placeholder
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: 'K_{repos}'}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF131: flowforge.yaml:2:56: the placeholder "{repos}" is not known
  fix: did you mean "{repo}"?
## unknown placeholder, nothing like it
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: 'K_{zzz}'}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF131: flowforge.yaml:2:56: the placeholder "{zzz}" is not known
  fix: the placeholders are {owner}, {repo} and {environment}; write {{ for a brace
## a placeholder of a state that is misspelt
version: 1
state: {file: 'states/{ownr}.json'}
targets: []
=>
error FF131: flowforge.yaml:2:15: the placeholder "{ownr}" is not known
  fix: did you mean "{owner}"?
## a placeholder of a state in another case
version: 1
state: {github: {repo: acme/ops, path: 'states/{Owner}.json'}}
targets: []
=>
error FF131: flowforge.yaml:2:40: the placeholder "{Owner}" is not known
  fix: did you mean "{owner}"?
## a placeholder that is none of a state
version: 1
state: {file: 'states/{repo}.json'}
targets: []
=>
error FF131: flowforge.yaml:2:15: the placeholder "{repo}" cannot stand here
  fix: write {owner}, for a state of each owner, or {{ for a brace
## a brace in the path of a state
version: 1
state: {file: 'states/{owner.json'}
targets: []
=>
error FF131: flowforge.yaml:2:15: a brace here belongs to no placeholder
  fix: write {{ and }} for braces that are not a placeholder
## environment
version: 1
credentials: {k: {type: anthropic_api_key, from: {file: '{environment}/k'}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF152: flowforge.yaml:3:11: there is no name for {environment}: "acme/api/actions" is in no environment
  fix: name `environments` in the target, or a credential whose source has no such placeholder
## environment with a space for a placeholder
version: 1
credentials: {k: {type: anthropic_api_key, from: {file: '{environment}/k'}}}
targets: [{name: t, repos: [acme/api], credential: k, environments: [../x]}]
=>
error FF152: flowforge.yaml:3:11: "../x" cannot replace {environment}
  why: a placeholder can become only letters, digits, - _ and ., and must begin with a letter, a digit or _
  fix: use a credential whose source has no such placeholder
## environments that are none
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k, environments: [.., " x", "a\tb", 7]}]
=>
error FF135: flowforge.yaml:3:70: ".." cannot be an environment's name
  why: it has at most 255 characters, no control character, and no space at an end, and is neither . nor ..
  fix: write its name as GitHub shows it
error FF135: flowforge.yaml:3:74: " x" cannot be an environment's name
  why: it has at most 255 characters, no control character, and no space at an end, and is neither . nor ..
  fix: write its name as GitHub shows it
error FF135: flowforge.yaml:3:80: "a\\tb" cannot be an environment's name
  why: it has at most 255 characters, no control character, and no space at an end, and is neither . nor ..
  fix: write its name as GitHub shows it
error FF122: flowforge.yaml:3:87: item 4 of "environments" must be a string, but this is a number
  fix: put it in quotes
## stores and environments
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k, environments: [prod], stores: [actions]}]
=>
error FF136: flowforge.yaml:3:77: a target has stores or environments, not both
  why: environments have only Actions secrets
  fix: write one entry for each
## an environment to make, and none named
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k, create_environment: true}]
=>
error FF137: flowforge.yaml:3:55: "create_environment" requires environments
  fix: name its `environments`, or remove it
## stores that are none
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets:
  - {name: t, repos: [acme/api], credential: k, stores: []}
  - {name: u, repos: [acme/b], credential: k, stores: [dependabots]}
=>
error FF121: flowforge.yaml:4:57: "stores" is empty
  fix: name at least one, or remove the key
error FF123: flowforge.yaml:5:56: item 1 of "stores" cannot be "dependabots"
  fix: did you mean "dependabot"?
## one secret of an environment wanted twice
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}, m: {type: anthropic_api_key, from: {env: M}}}
targets:
  - {name: t, repos: [a/b], credential: k, environments: [Prod], secret: S}
  - {name: u, repos: [a/b], credential: m, environments: [prod], secret: S}
=>
error FF150: flowforge.yaml:5:5: S of "a/b/environments/prod" is wanted with two credentials: "k" and "m"
  why: "t" at flowforge.yaml:4:5 wants it with the former
  fix: exclude the repository from one of the two targets, or give one a `secret` of its own
## unbalanced
version: 1
credentials: {k: {type: anthropic_api_key, from: {file: 'k{repo'}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF131: flowforge.yaml:2:57: a brace here belongs to no placeholder
  fix: write {{ and }} for braces that are not a placeholder
## placeholder in the token
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
github: {auth: {token: {env: 'T_{owner}'}}}
=>
error FF131: flowforge.yaml:4:30: the placeholder "{owner}" cannot stand here
  fix: name one source: it is the same for every repository
## unknown credential
version: 1
credentials: {ci-key: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: cikey}]
=>
error FF140: flowforge.yaml:3:52: there is no credential "cikey"
  fix: did you mean "ci-key"?
## empty names
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], groups: [''], credential: ''}]
=>
error FF141: flowforge.yaml:3:49: there is no group ""
  fix: add it under `groups:`
error FF140: flowforge.yaml:3:66: there is no credential ""
  fix: add it under `credentials:`
## no credentials
version: 1
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF140: flowforge.yaml:2:52: there is no credential "k"
  fix: add it under `credentials:`
## unknown group
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
groups: {backend: {repos: [acme/api]}}
targets: [{name: t, groups: [backnd], credential: k}]
=>
error FF141: flowforge.yaml:4:30: there is no group "backnd"
  fix: did you mean "backend"?
## unknown group, no groups
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, groups: [backnd], exclude: ['@other'], credential: k}]
=>
error FF141: flowforge.yaml:3:30: there is no group "backnd"
  fix: add it under `groups:`
error FF141: flowforge.yaml:3:49: there is no group "other"
  fix: add it under `groups:`
## cycle
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
groups: {a: {groups: [b]}, b: {groups: [a]}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF142: flowforge.yaml:3:41: groups go in a circle: a -> b -> a
  fix: remove one of these references
## cycle of one
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
groups: {a: {repos: [acme/api], exclude: ['@a']}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF142: flowforge.yaml:3:43: groups go in a circle: a -> a
  fix: remove one of these references
## long cycle
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
groups:
  g0: {groups: [g1]}
  g1: {groups: [g2]}
  g2: {groups: [g3]}
  g3: {groups: [g4]}
  g4: {groups: [g5]}
  g5: {groups: [g6]}
  g6: {groups: [g7]}
  g7: {groups: [g8]}
  g8: {groups: [g9]}
  g9: {groups: [g0]}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF142: flowforge.yaml:13:17: groups go in a circle: g0 -> g1 -> g2 -> g3 -> g4 -> g5 -> … -> g0
  fix: remove one of these references
## names no repos
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
groups: {a: {repos: []}}
targets: [{name: t, credential: k, exclude: [acme/api]}]
absent: [{name: gone, secret: X, groups: []}]
=>
error FF143: flowforge.yaml:3:13: the group "a" names no repositories
  fix: add `repos: [owner/name]`, `groups: [name]` or `select: {org: name}`
error FF143: flowforge.yaml:4:11: the target "t" names no repositories
  fix: add `repos: [owner/name]`, `groups: [name]` or `select: {org: name}`
error FF143: flowforge.yaml:5:10: the absent entry "gone" names no repositories
  fix: add `repos: [owner/name]`, `groups: [name]` or `select: {org: name}`
## excludes all
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
groups: {a: {repos: [acme/api], exclude: [acme/*]}}
targets: [{name: t, repos: [acme/api], exclude: [acme/api], credential: k}]
=>
error FF144: flowforge.yaml:3:10: the group "a" excludes every repository that it names
  fix: exclude less, or remove the entry
error FF144: flowforge.yaml:4:11: the target "t" excludes every repository that it names
  fix: exclude less, or remove the entry
## excludes all of groups of which one is wrong
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
groups: {a: {repos: [acme/api], groups: [b], exclude: [acme/*]}, b: {repos: [acme/web], groups: [a]}}
targets: [{name: t, repos: [acme/api], groups: [b], exclude: [acme/*], credential: k}]
=>
error FF142: flowforge.yaml:3:98: groups go in a circle: a -> b -> a
  fix: remove one of these references
## bad exclusion
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], exclude: ['a b', '@', 'a/b/c'], credential: k}]
=>
error FF145: flowforge.yaml:3:50: "a b" is not a repository, a pattern or a group
  fix: write owner/name, a pattern like acme/svc-* or svc-*, or @group
error FF145: flowforge.yaml:3:57: "@" is not a repository, a pattern or a group
  fix: write owner/name, a pattern like acme/svc-* or svc-*, or @group
error FF145: flowforge.yaml:3:62: "a/b/c" is not a repository, a pattern or a group
  fix: write owner/name, a pattern like acme/svc-* or svc-*, or @group
## name used twice
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
groups: {k: {repos: [acme/api]}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF146: flowforge.yaml:3:10: the name "k" is used twice: it is a credential at flowforge.yaml:2:15
  why: credentials and groups share one namespace, in all files of a manifest
  fix: rename one of the two
## two credentials
version: 1
credentials:
  k: {type: anthropic_api_key, from: {env: K}}
  l: {type: anthropic_api_key, from: {env: L}}
targets:
  - {name: one, repos: [acme/api, acme/web], credential: k}
  - {name: two, repos: [ACME/Web, acme/API], credential: l}
=>
error FF150: flowforge.yaml:7:5: ANTHROPIC_API_KEY of "ACME/Web" and 1 more is wanted with two credentials: "k" and "l"
  why: "one" at flowforge.yaml:6:5 wants it with the former
  fix: exclude the repository from one of the two targets, or give one a `secret` of its own
## present and absent
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
absent: [{name: gone, repos: [acme/api], secret: anthropic_api_key}]
=>
error FF151: flowforge.yaml:4:10: ANTHROPIC_API_KEY of "acme/api" is wanted present and absent
  why: "t" at flowforge.yaml:3:11 wants it present
  fix: exclude the repository from one of the two
## dot repo for a placeholder
version: 1
credentials: {k: {type: anthropic_api_key, from: {file: '{owner}/{repo}'}}}
targets: [{name: t, repos: [acme/.github], credential: k}]
=>
error FF152: flowforge.yaml:3:11: "acme/.github" cannot replace {repo}
  why: a placeholder can become only letters, digits, - _ and ., and must begin with a letter, a digit or _
  fix: use a credential whose source has no such placeholder
"""


def test_wrong_meaning(given: str, expected: str, refused: Callable[[str], str]) -> None:
    """Each placeholder, reference, cycle and contradiction is reported with its position and with what to do."""
    assert expected == refused(given)
