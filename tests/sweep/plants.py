"""Where values are planted: each source, each place of a manifest, each argument. New ones join by being registered."""

import json
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tests.made_up import api_key

if TYPE_CHECKING:
    from tests.sweep.stage import Stage

Plant = Callable[["Stage", str], None]

MANIFEST: Final = (
    "version: 1\ncredentials:\n  ci-key:\n    type: anthropic_api_key\n    from: {source}\n{options}"
    "targets:\n  - name: All\n    repos: [acme/api, acme/web]\n    credential: ci-key\n"
)


def oauth_token() -> str:
    """Make up what `claude setup-token` prints."""
    return api_key().replace("api", "oat")


def source(stage: "Stage", spec: dict[str, object], options: str = "") -> None:
    """Let the manifest's credential come from a source."""
    text = MANIFEST.format(source=json.dumps(spec), options=options)
    (stage.folder / "flowforge.yaml").write_text(text, encoding="utf-8")


def key(stage: "Stage") -> str:
    """Make up a state key once for a stage, and look for it from then on."""
    path = stage.outside / "state-key"
    if not path.exists():
        path.write_text(secrets.token_hex(32), encoding="utf-8")
        stage.seek(path.read_text(encoding="utf-8"))
    return path.read_text(encoding="utf-8")


def _env(stage: "Stage", value: str) -> None:
    stage.patch.setenv("ACME_KEY", value)
    source(stage, {"env": "ACME_KEY"})


def _file(stage: "Stage", value: str) -> None:
    (stage.outside / "key").write_text(value, encoding="utf-8")
    source(stage, {"file": str(stage.outside / "key")})
    key(stage)
    with (stage.folder / "flowforge.yaml").open("a", encoding="utf-8") as manifest:
        manifest.write(f"state: {{key: {{file: {json.dumps(str(stage.outside / 'state-key'))}}}}}\n")


def _command(stage: "Stage", value: str) -> None:
    """Let a program give it that says all that it knows on stderr, and leaves it in no argument."""
    stage.patch.setenv("FLOWFORGE_STATE_KEY", key(stage))
    (stage.outside / "key").write_text(value, encoding="utf-8")
    source(stage, {"command": ["sh", "-c", "env >&2; tee /dev/stderr <../outside/key"]})


def _failing_command(stage: "Stage", value: str) -> None:
    _command(stage, value)
    source(stage, {"command": ["sh", "-c", "tee /dev/stderr <../outside/key; exit 3"]})


def _onepassword(stage: "Stage", value: str) -> None:
    stage.op.holds(value)
    source(stage, {"onepassword": "op://CI/Claude/credential"})


def _many_from_onepassword(stage: "Stage", value: str) -> None:
    """Let references be read in batches, one of which fails: the value is read alone then."""
    stage.op.holds(value)
    text = MANIFEST.format(source=json.dumps({"onepassword": "op://CI/Claude/credential"}), options="")
    for number in range(5):
        stage.op.holds(f"{value}{number}", f"op://CI/Other/field{number}")
        text = text.replace(
            "targets:\n",
            f"  other-{number}: {{type: anthropic_api_key, from: {{onepassword: op://CI/Other/field{number * 2}}}}}\n"
            f"targets:\n  - {{name: T{number}, repos: [acme/api], secret: KEY_{number}, credential: other-{number}}}\n",
        )
    (stage.folder / "flowforge.yaml").write_text(text, encoding="utf-8")


def _failing_op(stage: "Stage", value: str) -> None:
    """Let `op` repeat the value in an error that FlowForge does not know."""
    (stage.outside / "key").write_text(value, encoding="utf-8")
    script = f"#!/bin/sh\nprintf '[ERROR] unheard of: ' >&2; cat '{stage.outside}/key' >&2; exit 1\n"
    (stage.op.path / "op").write_text(script, encoding="utf-8")
    source(stage, {"onepassword": "op://CI/Claude/credential"})


def _plugin(stage: "Stage", value: str) -> None:
    """Let an installed package give it."""
    stage.install(
        "from pathlib import Path\n\nfrom flowforge.sources.plugin import SecretValue\n\n\n"
        "class Source:\n    interface = 1\n    options = frozenset()\n\n    def read(self, spec, context):\n"
        f"        return SecretValue(Path({str(stage.outside / 'key')!r}).read_text(encoding='utf-8'))\n"
    )
    (stage.outside / "key").write_text(value, encoding="utf-8")
    source(stage, {"planted-source": "x"})


def _failing_plugin(stage: "Stage", value: str) -> None:
    """Let a plugin fail with the value in its exception, and in what that is chained to."""
    _plugin(stage, value)
    stage.install(
        "from pathlib import Path\n\n\n"
        "class Source:\n    interface = 1\n    options = frozenset()\n\n    def read(self, spec, context):\n"
        f"        held = Path({str(stage.outside / 'key')!r}).read_text(encoding='utf-8')\n"
        "        try:\n            raise KeyError(held)\n        except KeyError as error:\n"
        "            raise ValueError(f'cannot use {held}') from error\n"
    )


def paste(stage: "Stage", value: str) -> None:
    """Let a person paste it, at a terminal whose screen is a sink: a process of its own each time, so not for all."""
    stage.person = value
    source(stage, {"prompt": "The key"})


GIVING: Final[dict[str, Plant]] = {
    "env": _env,
    "file": _file,
    "command": _command,
    "onepassword": _onepassword,
    "plugin": _plugin,
}
# Each with the code of the error in which the value could be.
FAILING: Final[dict[str, tuple[Plant, str]]] = {
    "command": (_failing_command, "FF254"),
    "op": (_failing_op, "FF246"),
    "one of many from op": (_many_from_onepassword, "FF239"),
    "plugin": (_failing_plugin, "FF271"),
}

# What is wrong with a value, each in a way of its own; what is made of it is refused, and nothing of it is shown.
SHAPES: Final[dict[str, Callable[[str], str]]] = {
    "whole": lambda value: value,
    "with a line break": lambda value: f"{value[:60]}\n{value[60:]}",
    "with a line end": lambda value: f"{value}\r\n",
    "with a space": lambda value: f"{value[:60]} {value[60:]}",
    "in quotes": lambda value: f"'{value}'",
    "in JSON": lambda value: json.dumps({"key": value}),
    "as credentials.json": lambda value: json.dumps({"claudeAiOauth": {"accessToken": value}}),
    "after its name": lambda value: f"ANTHROPIC_API_KEY={value}",
    "with an invisible character": lambda value: f"{value[:60]}\u200b{value[60:]}",
    "with a control character": lambda value: f"{value[:60]}\x1b{value[60:]}",
    "of another kind": lambda value: value.replace("api03", "oat01"),
    "of an administrator": lambda value: value.replace("api03", "admin01"),
    "of no kind": lambda value: value[len("sk-ant-api03-") :],
    "too large": lambda value: value * 600,
    "twice": lambda value: value * 2,
}


def _in(text: str) -> Plant:
    def plant(stage: "Stage", literal: str) -> None:
        (stage.folder / "flowforge.yaml").write_text(text.replace("LITERAL", literal), encoding="utf-8")

    return plant


_PLAIN: Final = MANIFEST.format(source="{env: ACME_KEY}", options="")
# A credential that somebody wrote into the manifest itself.
PLACES: Final[dict[str, Plant]] = {
    "a source's name": _in(_PLAIN.replace("env: ACME_KEY", "LITERAL: ACME_KEY")),
    "a variable's name": _in(_PLAIN.replace("ACME_KEY", "LITERAL")),
    "a source": _in(_PLAIN.replace("{env: ACME_KEY}", "LITERAL")),
    "a path": _in(_PLAIN.replace("env: ACME_KEY", "file: keys/LITERAL")),
    "a reference": _in(_PLAIN.replace("env: ACME_KEY", "onepassword: 'op://LITERAL/x/y'")),
    "an argument": _in(_PLAIN.replace("env: ACME_KEY", "command: [echo, LITERAL]")),
    "a question": _in(_PLAIN.replace("env: ACME_KEY", "prompt: LITERAL")),
    "a credential's name": _in(_PLAIN.replace("ci-key", "LITERAL")),
    "a type": _in(_PLAIN.replace("anthropic_api_key", "LITERAL")),
    "a target's name": _in(_PLAIN.replace("All", "LITERAL")),
    "a repo": _in(_PLAIN.replace("acme/api", "acme/LITERAL")),
    "a secret's name": _in(_PLAIN + "    secret: LITERAL\n"),
    "an unknown key": _in(_PLAIN + "LITERAL: 1\n"),
    "an anchor": _in(_PLAIN + "x-note: &LITERAL 1\n"),
    "a comment": _in(_PLAIN + "# LITERAL\n"),
    "a tag": _in(_PLAIN + "x-note: !LITERAL 1\n"),
    "a syntax error": _in(_PLAIN + "x-note: [LITERAL\n"),
    "the API's address": _in(_PLAIN + "github: {api_url: 'https://LITERAL@ghe.example.com/api/v3'}\n"),
    "the state's path": _in(_PLAIN + "state: {file: LITERAL}\n"),
}

# Arguments that somebody pasted a credential into.
ARGUMENTS: Final[tuple[tuple[str, ...], ...]] = (
    ("plan", "--limit", "LITERAL"),
    ("plan", "--limit", "acme/LITERAL*"),
    ("plan", "--exclude", "LITERAL"),
    ("plan", "-m", "LITERAL"),
    ("plan", "-m", "LITERAL/flowforge.yaml"),
    ("plan", "--jobs", "LITERAL"),
    ("plan", "--format", "LITERAL"),
    ("plan", "--report", "LITERAL"),
    ("plan", "--report", "json=LITERAL/x"),
    ("plan", "--LITERAL"),
    ("plan", "-LITERAL"),
    ("plan", "--limit=LITERAL", "--format", "json"),
    ("plan", "LITERAL"),
    ("apply", "--yes", "--limit", "LITERAL"),
    ("apply", "--yes", "LITERAL"),
    ("apply", "--allow-deletes", "LITERAL"),
    ("validate", "-m", "LITERAL"),
    ("validate", "LITERAL"),
    ("schema", "LITERAL"),
    ("plan", "--limit", "@LITERAL"),
    ("plan", "--exclude", "@LITERAL"),
    ("plan", "--tags", "LITERAL"),
    ("state", "forget", "LITERAL", "--yes"),
    ("state", "forget", "acme/api/actions/LITERAL", "--yes"),
    ("init", "LITERAL"),
    ("sandbox", "--port", "LITERAL"),
    ("demo", "LITERAL"),
    ("LITERAL",),
    ("--LITERAL",),
    ("diff", "LITERAL"),
)
