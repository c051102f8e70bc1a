"""A stand-in for 1Password's `op`: `read` and `inject` from a JSON file, with op's own texts and exit codes.

OP_FAKE names a folder with `vaults.json`; a line of JSON when a run begins and when it ends is added to `log` there.
The file holds `vaults` ({vault: {item: {field: value}}}), `delay` and `each` (seconds per process and per reference),
`tail` and `cut` (what `inject` adds to its output, or where it breaks off), and `answers`: what goes wrong, by verb,
reference or `*`, as a list that is used up one run after the other, its last entry for ever. An entry is a key of
ANSWERS, or a pair: an exit code, and all of stderr.
"""

import fcntl
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

UNREACHED = "dial tcp 127.0.0.1:8080: connect: connection refused"
GONE = (
    "error initializing client: Authentication: (failed to auth.LookupAuth), Network: (failed to "
    "request.DoUnencrypted), Server: (403) (Forbidden (Service Account Deleted)), The Service Account used in this "
    "integration has been deleted."
)
LIMITED = (
    "(429) Too Many Requests: You've reached the maximum number of this type of requests this service account is "
    "allowed to make. Please retry in {} or try other requests."
)
PANIC = (
    "panic: runtime error: invalid memory address or nil pointer dereference\n"
    "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x7a5b2c]\n\ngoroutine 1 [running]:\nmain.main()"
)
AMBIGUOUS = (
    'More than one item matches "{item}". Try again and specify the item by its ID:\n\t* "{item}" in {vault}: abc'
)
COULD_NOT = "could not read secret '{reference}': "
ERROR_500 = "Server: (500) (Internal Server Error), Server experienced a fatal error."
# Texts that op was seen to print, with its exit codes; braces stand for the reference's parts.
ANSWERS: Mapping[str, tuple[int, str]] = {
    "ambiguous": (1, AMBIGUOUS),
    "signed out": (1, "You are not currently signed in. Please run `op signin --help` for instructions"),
    "account signed out": (1, "account is not signed in"),
    "no account": (1, "no account found for filter acme"),
    "not authenticated": (1, "service account token set, but not authenticated yet"),
    "deleted": (1, GONE),
    "unauthorized": (1, "error initializing client: Authentication: (), Server: (401) (Unauthorized), no."),
    "limited": (1, LIMITED.format("58 minutes")),
    "limited for a minute": (1, LIMITED.format("1 minute")),
    "limited somehow": (1, "(429) Too Many Requests"),
    "failing": (1, COULD_NOT + ERROR_500),
    "unreached": (1, COULD_NOT + UNREACHED),
    "malformed": (1, "too many '/': secret references should match op://<vault>/<item>[/<section>]/<field>"),
    "strange": (4, 'something new about "{item}", whose value is hunter2'),
    "crash": (2, PANIC),
}
NOTICE = "A newer version of the CLI is available. 1Password could answer (429) Too Many Requests some day.\n"
REFERENCE = re.compile(r"op://(?P<vault>[^/]+)/(?P<item>[^/]+)/(?:[^/]+/)?(?P<field>[^/?]+)(?:\?.*)?")
HOME = Path(os.environ["OP_FAKE"])


def fail(code: int, text: str) -> NoReturn:
    """End as op does, which puts no date before a crash."""
    sys.stderr.write(f"{text}\n" if text == PANIC else f"{NOTICE}[ERROR] 2026/02/15 10:20:30 {text}\n")
    sys.exit(code)


def opened(name: str) -> IO[str]:
    """Open a file that all runs write to, one at a time."""
    file = (HOME / name).open("a+", encoding="utf-8")
    fcntl.flock(file, fcntl.LOCK_EX)
    file.seek(0)
    return file


def log(event: str) -> None:
    """Add a line about this run."""
    entry = {"event": event, "at": time.monotonic(), "argv": sys.argv[1:], "environ": sorted(os.environ)}
    with opened("log") as file:
        file.write(json.dumps({**entry, "process": os.getpid()}) + "\n")


def turn(name: str, entries: list[str | list[Any]]) -> str | list[Any]:
    """Take the next entry of a list that is used up by this run or another."""
    with opened("turns") as file:
        taken = file.read().splitlines().count(name)
        file.write(f"{name}\n")
    return entries[min(taken, len(entries) - 1)]


def look_up(reference: str, world: Mapping[str, Any]) -> str:
    """Return a value, or end as op does where there is none."""
    parts = REFERENCE.fullmatch(reference)
    if parts is None:
        fail(*ANSWERS["malformed"])
    named = {"reference": reference, **parts.groupdict()}
    answers, verb = world.get("answers", {}), sys.argv[1]
    key = next((key for key in (verb, reference, "*") if key in answers), "")
    answer = turn(key, answers[key]) if key else ""
    if isinstance(answer, list):
        sys.stderr.write(answer[1])
        sys.exit(answer[0])
    if answer == "hang":
        time.sleep(60)
    if answer == "notice":
        sys.stderr.write(NOTICE)
    if answer in ANSWERS:
        code, text = ANSWERS[answer]
        fail(code, text.format(**named))
    return found(world["vaults"], **named)


def found(vaults: Mapping[str, Any], reference: str, vault: str, item: str, field: str) -> str:
    """Return the value, or end with the text of what is missing."""
    start = f"could not read secret '{reference}': could not get item {vault}/{item}: "
    if vault not in vaults:
        fail(1, f'{start}"{vault}" isn\'t a vault in this account. Specify the vault with its ID or name.')
    if item not in vaults[vault]:
        fail(1, f'{start}"{item}" isn\'t an item in the "{vault}" vault. Specify it with its UUID, name, or domain.')
    if field not in vaults[vault][item]:
        fail(1, f"could not read secret '{reference}': item '{vault}/{item}' doesn't have a field '{field}'")
    return str(vaults[vault][item][field])


def printed(world: Mapping[str, Any]) -> str:
    """Do what the command line asks for, and give what goes to stdout."""
    if sys.argv[1] == "read":
        time.sleep(world.get("each", 0))
        (reference,) = (each for each in sys.argv[2:] if not each.startswith("--"))
        return look_up(reference, world) + ("" if "--no-newline" in sys.argv else "\n")
    template, marked = sys.stdin.read(), re.compile(r"{{ (op://[^}]*) }}")
    time.sleep(world.get("each", 0) * len(marked.findall(template)))
    filled = marked.sub(lambda match: look_up(match[1], world), template) + str(world.get("tail", ""))
    return filled[: world.get("cut")]


def main() -> None:
    """Be op."""
    world = json.loads((HOME / "vaults.json").read_text(encoding="utf-8"))
    log("begin")
    try:
        time.sleep(world.get("delay", 0))
        sys.stdout.buffer.write(printed(world).encode("utf-8", "surrogateescape"))
        sys.stdout.flush()
    finally:
        log("end")


main()
