"""What is said of a manifest whose keys, types or strings are wrong: the exact text."""

from collections.abc import Callable

CASES = r"""
## no version
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF121: flowforge.yaml:1:1: the manifest has no "version"
  fix: begin it with `version: 1`
## version 2
version: 2
whatever: [1]
=>
error FF123: flowforge.yaml:1:10: this FlowForge reads only version 1 of the manifest
  fix: write `version: 1`, or install the FlowForge that this manifest was written for
## version as text
version: '1'
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF122: flowforge.yaml:1:10: "version" must be a whole number, but this is a string
  fix: write `version: 1`
## no targets
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
=>
error FF148: flowforge.yaml: the manifest has neither targets nor absent
  why: a file that was cut short looks like this too, and would want nothing
  fix: add `targets:`; write `targets: []` when nothing is wanted
## unknown key
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
target: []
=>
error FF120: flowforge.yaml:4:1: the key "target" is not known here
  fix: did you mean "targets"?
## unknown key, nothing like it
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
xyz: []
=>
error FF120: flowforge.yaml:4:1: the key "xyz" is not known here
  fix: the keys here are version, github, state, defaults, audit, types, credentials, groups, targets and absent
## a tag that is no word
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k, tags: ["not a word"]}]
=>
error FF126: flowforge.yaml:3:62: "not a word" cannot be a name here
  fix: use at most 100 letters, digits, - _ and ., and do not begin with - or .
## key of a later version
version: 1
credentials: {k: {type: anthropic_api_key, from: {vault: x}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF120: flowforge.yaml:2:51: the key "vault" is not known here
  fix: the keys here are env, file, onepassword, account, command, timeout, pass_env and prompt
## nothing
version: 1
credentials:
targets: []
=>
error FF122: flowforge.yaml:2:13: "credentials" must be a mapping, but this is nothing
  fix: write a value, or remove the key
## list for text
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: [t], repos: [acme/api], credential: k}]
=>
error FF122: flowforge.yaml:3:18: "name" must be a string, but this is a list
  fix: write one text, outside of a list
## text for list
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: acme/api, credential: k}]
=>
error FF122: flowforge.yaml:3:28: "repos" must be a list, but this is a string
  fix: write each item on a line of its own after `- `, or all of them in [ ]
## number for text
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: 7, repos: [acme/api, 5], credential: k}]
=>
error FF122: flowforge.yaml:3:18: "name" must be a string, but this is a number
  fix: put it in quotes
error FF122: flowforge.yaml:3:39: item 2 of "repos" must be a string, but this is a number
  fix: put it in quotes
## unquoted placeholder
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: {repo}}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF122: flowforge.yaml:2:56: "env" must be a string, but this is a mapping
  fix: put a text that begins with { in quotes
## text for a source
version: 1
credentials: {k: {type: anthropic_api_key, from: K}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF122: flowforge.yaml:2:50: "from" must be a mapping, but this is a string
  fix: the keys here are env, file, onepassword, account, command, timeout, pass_env and prompt
## text for a mapping
version: 1
credentials: [k]
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF122: flowforge.yaml:2:14: "credentials" must be a mapping, but this is a list
  fix: write `name:` and its keys below it
## yes
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, allow_nonstandard: yes}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF122: flowforge.yaml:2:79: "allow_nonstandard" must be true or false, but this is a string
  fix: write true or false, without quotes
## no source
version: 1
credentials: {k: {type: anthropic_api_key, from: {}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF132: flowforge.yaml:2:50: "from" has no source
  fix: write command, env, file, onepassword or prompt
## two sources
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K, file: k}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF132: flowforge.yaml:2:50: "from" has more than one source
  fix: write command, env, file, onepassword or prompt
## a source and an unknown one
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K, onepasword: k}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF120: flowforge.yaml:2:59: the key "onepasword" is not known here
  fix: did you mean "onepassword"?
## no from, no type
version: 1
credentials: {k: {}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF121: flowforge.yaml:2:18: "k" has no "from"
  fix: add `from:`
error FF121: flowforge.yaml:2:18: "k" has no "type"
  fix: add `type:`
## bad type
version: 1
credentials: {k: {type: anthropic_apikey, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF123: flowforge.yaml:2:25: "type" cannot be "anthropic_apikey"
  fix: did you mean "anthropic_api_key"?
## bad on_drift
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
defaults: {on_drift: ignore}
=>
error FF123: flowforge.yaml:4:22: "on_drift" cannot be "ignore"
  fix: write overwrite or report
## bad on_drift of a credential and of a target
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, on_drift: reports}}
targets: [{name: t, repos: [acme/api], credential: k, on_drift: accept}]
=>
error FF123: flowforge.yaml:2:70: "on_drift" cannot be "reports"
  fix: did you mean "report"?
error FF123: flowforge.yaml:3:65: "on_drift" cannot be "accept"
  fix: write overwrite or report
## bad repo
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [api, acme/.., 'https://github.com/acme/api.git', 'acme/a pi'], credential: k}]
=>
error FF124: flowforge.yaml:3:29: "api" is not a repository
  fix: write it as owner/name
error FF124: flowforge.yaml:3:34: "acme/.." is not a repository
  fix: write it as owner/name
error FF124: flowforge.yaml:3:43: "https://github.com/acme/api.git" is not a repository
  fix: write "acme/api"
error FF124: flowforge.yaml:3:78: "acme/a pi" is not a repository
  fix: write it as owner/name
## repo with a line break
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: ["acme/api\n"], credential: k}]
=>
error FF124: flowforge.yaml:3:29: "acme/api\n" is not a repository
  fix: write it as owner/name
## bad secret
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k, secret: my-key}]
=>
error FF125: flowforge.yaml:3:63: this cannot be the name of a secret
  why: a name has only letters, digits and _, and does not begin with a digit or GITHUB_
  fix: write a name like ANTHROPIC_API_KEY; the value itself never goes into a manifest
## GITHUB_
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k, secret: github_key}]
=>
error FF125: flowforge.yaml:3:63: this cannot be the name of a secret
  why: a name has only letters, digits and _, and does not begin with a digit or GITHUB_
  fix: choose another name: GitHub reserves the prefix GITHUB_
## bad names
version: 1
credentials: {'my key': {type: anthropic_api_key, from: {env: K}}}
groups: {a/b: {repos: [acme/api]}}
targets: []
=>
error FF126: flowforge.yaml:2:15: "my key" cannot be a name here
  fix: use at most 100 letters, digits, - _ and ., and do not begin with - or .
error FF126: flowforge.yaml:3:10: "a/b" cannot be a name here
  fix: use at most 100 letters, digits, - _ and ., and do not begin with - or .
## blank label
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: ' ', repos: [acme/api], credential: k}]
=>
error FF126: flowforge.yaml:3:18: a name is empty here
  fix: write what people call this entry
## bad date
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, expires: 1.2.2027, issued: 2026-02-30}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF127: flowforge.yaml:2:69: this is not a date
  fix: write it as 2027-02-01
error FF127: flowforge.yaml:2:87: there is no such day
  fix: write a day that the calendar has, as 2027-02-01
## expires before issued
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, issued: 2026-02-15, expires: 2026-02-14}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF127: flowforge.yaml:2:89: "k" expires before it was issued
  fix: correct one of the two dates
## bad max_age
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, max_age: 90 days}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF128: flowforge.yaml:2:69: this is not a duration
  fix: write it as 90s, 10m, 2h or 30d; a bare number is seconds
## api_url shape
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
github: {api_url: 'https://user:pass@ghe.example.com/api/v3'}
=>
error FF129: flowforge.yaml:4:19: this is not the address of a GitHub API
  why: it has a scheme, a host and perhaps a path, but no user, query or fragment
  fix: write it as https://api.github.com, or https://ghe.example.com/api/v3
## api_url http
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
github: {api_url: 'http://ghe.example.com/api/v3'}
=>
error FF129: flowforge.yaml:4:19: this address of a GitHub API cannot be used
  why: a token must travel encrypted, except to this machine
  fix: write https://
## api_url of people
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
github: {api_url: 'https://github.com'}
=>
error FF129: flowforge.yaml:4:19: this address of a GitHub API cannot be used
  why: that is the website, not the API
  fix: write https://api.github.com
## api_url tenant
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
github: {api_url: 'https://octo.ghe.com'}
=>
error FF129: flowforge.yaml:4:19: this address of a GitHub API cannot be used
  why: the API of a ghe.com tenant has its own host
  fix: write https://api.octo.ghe.com
## api_url with a path
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
github: {api_url: 'https://api.github.com/v3'}
=>
error FF129: flowforge.yaml:4:19: this address of a GitHub API cannot be used
  why: the API of github.com and ghe.com has no path
  fix: write https://api.github.com
## api_url without a path
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
github: {api_url: 'https://ghe.example.com/'}
=>
error FF129: flowforge.yaml:4:19: this address of a GitHub API cannot be used
  why: GitHub Enterprise Server has its API below /api/v3
  fix: add /api/v3
## api_url without host
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
github: {api_url: 'https://:443/api/v3'}
=>
error FF129: flowforge.yaml:4:19: this address of a GitHub API cannot be used
  why: its host, port or path cannot be read
  fix: write it as https://api.github.com
## api_url port
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
github: {api_url: 'https://ghe.example.com:99999/api/v3'}
=>
error FF129: flowforge.yaml:4:19: this address of a GitHub API cannot be used
  why: its host, port or path cannot be read
  fix: write it as https://api.github.com
## bad variable
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: my-key}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF130: flowforge.yaml:2:56: this is not the name of an environment variable
  fix: write a name like ACME_ANTHROPIC_KEY; the value itself never goes into a manifest
## brace in a variable
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: 'K{{'}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF130: flowforge.yaml:2:56: this is not the name of an environment variable
  fix: write a name like ACME_ANTHROPIC_KEY; the value itself never goes into a manifest
## bad path
version: 1
credentials: {k: {type: anthropic_api_key, from: {file: "a\nb"}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF130: flowforge.yaml:2:57: this is not a path
  fix: write one, without line breaks and control characters
"""


def test_wrong_shape(given: str, expected: str, refused: Callable[[str], str]) -> None:
    """Each wrong key, type and form is reported with its position and with what to write instead."""
    assert expected == refused(given)
