"""What `op` says on stderr: known or not, it becomes one sentence that shows nothing of it; and references to it."""

from collections.abc import Iterator

from flowforge.sources.op_answer import recognise
from flowforge.sources.op_problem import problem
from flowforge.sources.op_reference import LONGEST, Reference
from fuzz.planted import MARK, check_said, planted
from fuzz.target import Target

_SAID = """\
[ERROR] 2026/11/23 08:00:00 could not read secret 'op://Ops/Key/credential': "Key" isn't an item in the "Ops" vault.
[ERROR] 2026/11/23 08:00:00 could not resolve item UUID for item Key: more than one item matches "Key".
[ERROR] 2026/11/23 08:00:00 "Ops" isn't a vault in this account. Specify the vault with its ID or name.
[ERROR] 2026/11/23 08:00:00 error initializing client: You are not currently signed in. Please run `op signin --help`
[ERROR] 2026/11/23 08:00:00 the service account used in this integration has been deleted
[ERROR] 2026/11/23 08:00:00 (429) Too Many Requests: rate limit exceeded, please retry in 58 minutes
[ERROR] 2026/11/23 08:00:00 (500) (Internal Server Error), Unexpected server error.
[ERROR] 2026/11/23 08:00:00 dial tcp: lookup my.1password.com: no such host
[ERROR] 2026/11/23 08:00:00 error initializing client: connecting to desktop app: read: connection reset
[ERROR] 2026/11/23 08:00:00 error initializing client: failed to DecodeSACredentials, illegal base64 data
[ERROR] 2026/11/23 08:00:00 (101) You do not have permission to perform this action
No accounts configured for use with 1Password CLI.
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x0]
"""
_WORDS = """\
[ERROR]|op://|'|"|(429)|(401)|(403)|(500)|try again in |retry in |99999|seconds|hours|panic: |goroutine 1 [
isn't|doesn't|field|section|file|vault|item|matches|deleted|::error::|?attribute=otp|\x1b[31m"""


def law(data: bytes) -> None:
    """Classify any exit code and any text, about any reference: a problem of our own words, and no part of the text."""
    code, _, rest = planted(data).decode("utf-8", "replace").partition("\n")
    text, _, said = rest.partition("\n")
    reference = Reference.parse(text)
    assert reference is None or (reference == Reference.parse(reference.text) and len(text) <= LONGEST), "two readings"
    about = reference or Reference("op://Ops/Key/credential", "Ops", "Key", "credential")
    number = len(code) - 1
    check_said(str(problem(recognise(number, said, (reference,) if reference else ()), about)), data)


def seeds() -> Iterator[bytes]:
    """Yield what op is known to say, each alone, with a notice before it, and with the credential behind it."""
    for said in (*_SAID.splitlines(), _SAID):
        for reference in ("op://Ops/Key/credential", "op://Ops/Key/section/credential?attribute=otp", "op://Ops", ""):
            yield f"xx\n{reference}\n{said}".encode()
        yield f"\nop://Ops/{MARK}/x\nA new version of op is out\n{said}\n{MARK}".encode()


TARGET = Target(law, seeds, (*_WORDS.replace("\n", "|").split("|"), MARK))
