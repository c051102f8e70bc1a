"""What is said of a file that is no manifest for its YAML alone: the exact text."""

from collections.abc import Callable

CASES = r"""
## empty file
=>
error FF107: flowforge.yaml: the manifest is empty
  fix: begin it with `version: 1`; or remove it, and run `flowforge init`
## comments only
# nothing
=>
error FF107: flowforge.yaml: the manifest is empty
  fix: begin it with `version: 1`; or remove it, and run `flowforge init`
## null
null
=>
error FF107: flowforge.yaml: the manifest is empty
  fix: begin it with `version: 1`; or remove it, and run `flowforge init`
## a text
hello
=>
error FF107: flowforge.yaml:1:1: a manifest is a mapping of keys, and this is not one
  fix: begin it with `version: 1`
## a list
- version: 1
=>
error FF107: flowforge.yaml:1:1: a manifest is a mapping of keys, and this is not one
  fix: begin it with `version: 1`
## unclosed quote
version: 1
credentials: {k: {type: 'anthropic}}
=>
error FF105: flowforge.yaml:2:25: the quote that opens here is not closed
  fix: close it
## unclosed list
version: 1
targets: [1, 2
x: 3
=>
error FF105: flowforge.yaml:2:10: the list that opens here is not closed
  fix: write commas between items, and ] at its end
## unclosed mapping
version: 1
github: {api_url: x
x: 3
=>
error FF105: flowforge.yaml:2:9: the mapping that opens here is not closed
  fix: write commas between entries, and } at its end
## missing value
version: 1
targets: [
=>
error FF105: flowforge.yaml:3:1: a value is missing here
  fix: write one, or close the brackets
## colon in a text
version: 1
targets:
  - name: one: two
=>
error FF105: flowforge.yaml:3:14: a colon cannot stand here
  fix: put a text with `: ` in it in quotes, or begin a new line
## colon missing
version: 1
credentials
=>
error FF105: flowforge.yaml:2:1: a colon is missing after this
  fix: write `key: value`
## colon without its space
version:1
credentials: {}
=>
error FF105: flowforge.yaml:1:8: a space is missing after this colon
  fix: write `key: value`
## colon of an item without its space
version: 1
targets:
  - name:all

    repos: []
=>
error FF105: flowforge.yaml:3:9: a space is missing after this colon
  fix: write `key: value`
## item without its space
version: 1
targets:
  - repos:
      - acme/api
      -acme/web
  - name: x
=>
error FF105: flowforge.yaml:5:7: a space is missing after this -
  fix: write `- ` before each item of a list
## mapping in an item without its space
version: 1
targets:
  -name: all
   repos: []
=>
error FF105: flowforge.yaml:3:3: a space is missing after this -
  fix: write `- ` before each item of a list
## tab
version: 1
targets:
⇥- name: x
=>
error FF105: flowforge.yaml:3:1: a tab cannot indent YAML
  fix: indent with spaces
## tab in a block text
x-a: |
 b
⇥c
=>
error FF105: flowforge.yaml:3:1: a tab cannot indent YAML
  fix: indent with spaces
## at sign
version: 1
exclude: @group
=>
error FF105: flowforge.yaml:2:10: a text cannot begin with @
  fix: put it in quotes
## backtick
version: 1
name: `x`
=>
error FF105: flowforge.yaml:2:7: a text cannot begin with `
  fix: put it in quotes
## percent
version: 1
name: %x
=>
error FF105: flowforge.yaml:2:7: a text cannot begin with %
  fix: put it in quotes
## other indicator
version: 1
name: "x" "y"
=>
error FF105: flowforge.yaml:2:11: this does not fit what stands before it
  fix: indent what belongs together alike, and let nothing follow a closing quote or bracket
## indentation
version: 1
groups:
   a: 1
  b: 2
=>
error FF105: flowforge.yaml:4:3: this does not fit what stands before it
  fix: indent what belongs together alike, and let nothing follow a closing quote or bracket
## escape
version: 1
name: "\q"
=>
error FF105: flowforge.yaml:2:8: this escape is not known in double quotes
  fix: double the backslash, or use single quotes
## list on the key's line
version: 1
targets: - name: x
=>
error FF105: flowforge.yaml:2:10: a list cannot begin here
  fix: begin a new line before its first `- `
## bad anchor
version: 1
x-a: &
=>
error FF105: flowforge.yaml:2:7: this is not YAML
  fix: check the brackets, quotes and indentation here
## tag
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: !!seq []
=>
error FF106: flowforge.yaml:3:10: a tag, the word that begins with !, is not allowed
  fix: remove it, or put the text in quotes
## tag on a scalar
version: !!int 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF106: flowforge.yaml:1:10: a tag, the word that begins with !, is not allowed
  fix: remove it, or put the text in quotes
## second document
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
---
version: 1
=>
error FF106: flowforge.yaml:4:1: a second document begins here
  why: a manifest is one document
  fix: remove the line ---, or make a file of what follows
## alias without anchor
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: *nothing
=>
error FF106: flowforge.yaml:3:10: this alias has no anchor
  fix: put &name before the value that it repeats, further up in this file
## alias within itself
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
x-a: &a [*a]
=>
error FF106: flowforge.yaml:4:10: this alias is inside the value that it repeats
  fix: write it out
## key that is a number
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
x-a: {1: b}
=>
error FF106: flowforge.yaml:4:7: a key must be a string
  fix: put it in quotes
## key that is a list
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
x-a: {[a]: b}
=>
error FF106: flowforge.yaml:4:7: a key must be a string
  fix: put it in quotes
## merge of a text
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
x-a: {<<: b}
=>
error FF106: flowforge.yaml:4:11: << merges mappings, and this is not one
  fix: write <<: *name
## two merges
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
x-b: &b {}
x-a:
  <<: *b
  <<: *b
=>
error FF108: flowforge.yaml:7:3: << stands twice in this mapping, first in line 6
  fix: write it once, with a list: <<: [*a, *b]
## duplicate key
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
version: 1
=>
error FF108: flowforge.yaml:4:1: the key "version" stands twice in this mapping, first in line 1
  fix: remove one of the two
## duplicate credential
version: 1
credentials:
  k: {type: anthropic_api_key, from: {env: K}}
  k: {type: anthropic_api_key, from: {env: L}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF108: flowforge.yaml:4:3: the key "k" stands twice in this mapping, first in line 3
  fix: remove one of the two
"""


def test_bad_yaml(given: str, expected: str, refused: Callable[[str], str]) -> None:
    """A syntax error is reported alone, in our words; YAML that a manifest cannot be is one clear problem."""
    assert expected == refused(given)
