"""What the good end of a Claude step proves: that the credential was used, or nothing.

facts: the action ends green without a call to Claude where no trigger is met, where the workflow differs from the one
on the default branch, and, before v1.0.172, where the credential was refused (anthropics/claude-code-action#1496).
"""

import re
from typing import Final

from flowforge.audit.claude_steps import ClaudeStep, Given, named
from flowforge.workflows.actions import HONEST_SINCE
from flowforge.workflows.loaders import Loading
from flowforge.workflows.nodes import YamlNode
from flowforge.workflows.programs import ClaudeStart
from flowforge.workflows.sources import SourceKind

_TEMPLATE: Final = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
# What starts Claude without a comment that triggers it. `prompt_file` is the base action's.
_PROMPTS: Final = ("prompt", "prompt_file")
# With these another program, or another way to a credential, may stand behind the step.
_DETOURS: Final = ("path_to_claude_code_executable", "claude_env")
_OTHER_SERVERS: Final = ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN")
# A script proves only where Claude is a plain command: with any of these a shell may go on after its failure, end with
# the status of another command, or start it with another environment.
_DOUBT: Final = re.compile(
    r"[|&;`!(){}]|<<|\$\("
    r"|\b(?:set|trap|coproc|if|while|until|for|case|eval|exec|source|exit|export|declare|unset|env|sudo|command|nohup"
    r"|function|select|time|timeout|alias)\b"
    r"|\bANTHROPIC_|\bCLAUDE_|--settings|^\s*\.\s|^\s*\w+=",
    re.MULTILINE,
)
_WRITES_ENV: Final = "GITHUB_ENV"
_PRINTS: Final = frozenset({"-p", "--print"})
# The shells that GitHub starts with `-e`, so that the first command that fails ends the step.
_STRICT: Final = frozenset({"", "bash", "sh"})


def unproven(step: ClaudeStep, given: Given) -> str:
    """Return why the good end of a step does not prove that a credential works, as a clause; empty where it does."""
    return another_way(step, given) or _forgiven(step) or (_of_action(step) if step.action else _of_script(step))


def _forgiven(step: ClaudeStep) -> str:
    own = step.occurrence.step.node.get("continue-on-error") if step.occurrence.step else None
    if step.occurrence.forgiven or (own is not None and own.text.strip().lower() != "false"):
        return "a failure of the step is forgiven by continue-on-error"
    return ""


def another_way(step: ClaudeStep, given: Given) -> str:
    """Return why Claude may have used something else than this secret, as a clause; empty where it cannot."""
    if step.cloud is None:
        return "it may use a cloud's models"
    if len(step.ways) > 1 or step.loading is Loading.LIKELY:
        return "the step may have used another credential"
    if len(given.sources) > 1 or given.is_choice or not named(given.sources, SourceKind.SECRET):
        return "an expression chooses whether the step gets it"
    if given.read is None:
        return "it is not known whether this version reads it"
    if any(step.scope.env.get(name) is not None for name in _OTHER_SERVERS) or _is_steered(step):
        return "the step may call another server than Anthropic's"
    return ""


def _is_steered(step: ClaudeStep) -> bool:
    """Return whether a script of the job may change the environment of the steps behind it."""
    job = step.occurrence.job
    return job is not None and any(_WRITES_ENV in each.run for each in job.steps)


def _of_action(step: ClaudeStep) -> str:
    action = step.action
    if action is None or not action.ours or action.name == "claude-code-security-review":
        return "it is not known when this action fails"
    if step.version is None:
        return "the version of its pin is not known"
    if step.version < HONEST_SINCE:
        return "this version ends green with a dead credential"
    if step.may_get_key_by_settings or any(step.has_input(name) for name in _DETOURS):
        return "its settings may change what it uses"
    if not any(_surely_given(step.inputs[name][1]) for name in _PROMPTS if name in step.inputs):
        return "without a prompt it may have met no trigger"
    return ""


def _surely_given(node: YamlNode) -> bool:
    """Return whether an input is not empty, whatever its expressions are."""
    return bool(_TEMPLATE.sub("", node.text).strip())


def _of_script(step: ClaudeStep) -> str:
    if step.occurrence.shell not in _STRICT:
        return "its shell may go on after a failure"
    script = step.occurrence.step.run if step.occurrence.step else ""
    if _DOUBT.search(script):
        return "its script may go on after a failure, or change what Claude uses"
    if not all(_prints(each) for each in step.script.runs):
        return "without -p it may have waited for a person"
    return ""


def _prints(start: ClaudeStart) -> bool:
    return any(word in _PRINTS for word in start.arguments)
