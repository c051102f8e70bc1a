"""`--fix` over whole files: git applies the patch, the finding is gone, and not a byte besides is another one."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from flowforge.audit.checkout import read_checkout
from flowforge.audit.codes import CODES, Severity
from flowforge.audit.fixes.propose import Proposal, propose
from flowforge.audit.fixes.table import FIXERS, GUARDS
from flowforge.audit.judge import audit
from flowforge.audit.model import RepoFacts, StoreNames
from tools.audit_corpus import facts, folders, run

FILE: Final = ".github/workflows/a.yml"
HAS: Final = RepoFacts(stores=StoreNames(frozenset({"KEY"}), variables=frozenset({"RULE"})))
MANUAL: Final = "on: workflow_dispatch\njobs:\n  a:\n    runs-on: x\n"
STEP: Final = "    steps:\n      - uses: anthropics/claude-code-action@v1\n        with:\n"
KEY: Final = "          anthropic_api_key: ${{ secrets.KEY }}\n"
ACTION: Final = "anthropics/claude-code-action"
MORE: Final = STEP.removeprefix("    steps:\n")
BASE: Final = STEP.replace("code-action@v1", "code-base-action@main") + "          prompt: |\n            Hi\n"
HELD: Final = "    env:\n      ANTHROPIC_API_KEY: ${{ secrets.KEY }}\n"
RULE: Final = "          anthropic_federation_rule_id: ${{ vars.RULE }}\n"
ORGANIZATION: Final = "          anthropic_organization_id: u-1\n"
PROMPT: Final = "          prompt: |\n            Hi\n"
WIDE: Final = "on: workflow_dispatch\njobs:\n    a:\n        runs-on: x\n"
WIDE_STEP: Final = (
    "        steps:\n            - uses: anthropics/claude-code-action@v1\n              with: {prompt: x}\n"
)
WIDE_END: Final = "        env:\n            ANTHROPIC_API_KEY: ${{ secrets.KEY }}\n"
OLD_SHA: Final = "9dd8b95a392eb34b6f5fb56cf5a64cb735912d4b"
OLD: Final = f"anthropics/claude-code-action@{OLD_SHA}"
NEW: Final = "anthropics/claude-code-action@24dcd50c0568f0fc9e9211213a4fd2d9eb15c4e0"
READ: Final = "    permissions:\n      contents: read\n"
GRANT: Final = "      id-token: write\n"
TO_PULLS: Final = "on: pull_request\njobs:\n  a:\n    runs-on: x\n"
GUARD: Final = "github.actor != 'dependabot[bot]'"
TWICE: Final = GUARD.replace("'", "''")
OWN: Final = "if: github.event.pull_request.head.repo.full_name == github.repository\n        with"


def patched(folder: Path, files: Mapping[str, bytes], patch: str) -> dict[str, bytes]:
    """Return what git makes of files by a patch."""
    git = ["git", "-c", "core.autocrlf=false", "-C", str(folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    done = subprocess.run([*git, "apply", "-"], input=patch.encode(), capture_output=True, check=False)
    assert (0, b"") == (done.returncode, b"" if done.returncode == 0 else done.stderr)
    return {name: (folder / name).read_bytes() for name in files}


def changed(patch: str, sign: str) -> list[str]:
    """Return the lines that a patch takes away, or puts in."""
    return [line[1:] for line in patch.split("\n") if line.startswith(sign) and not line.startswith(sign * 3)]


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_a_folder_of_the_corpus(folder: Path, tmp_path: Path) -> None:
    """What is mended is gone and nothing graver than a note is new, git applies it, and a second run has nothing left.

    A line is taken away only where a pin or a condition changes, or where an entry comes before it in the same line.
    """
    expected, before = run(folder)
    known, checkout = facts(expected), read_checkout(folder)
    proposal = propose(checkout.files, known, checkout.unread, guards=True)
    if not proposal.mended:
        assert proposal.patch == ""
        return
    after = patched(tmp_path, checkout.files, proposal.patch)
    again = propose(after, known, checkout.unread, guards=True)
    now = [(each.code, each.file, each.job, each.step) for each in audit(after, known, checkout.unread).findings]
    was = [(each.code, each.file, each.job, each.step) for each in before.findings]
    gone = [(each.finding.code, each.finding.file, each.finding.job, each.finding.step) for each in proposal.mended]
    worse = [each for each in now if each not in was and CODES[each[0]].level is not Severity.NOTE]
    taken = [line for line in changed(proposal.patch, "-") if not ("uses:" in line or "if:" in line)]
    assert ([], [], [], "") == ([each for each in gone if each in now], worse, taken, again.patch)


def proposed(text: str, known: RepoFacts = HAS, *, guards: bool = False) -> Proposal:
    """Return what is proposed for one workflow."""
    return propose({FILE: text.encode()}, known, guards=guards)


MENDED: Final = {
    "a block of the job": (MANUAL + READ + STEP + KEY, MANUAL + READ + GRANT + STEP + KEY),
    "comments stay": (
        MANUAL + "    permissions:  # few\n      contents: read  # enough\n      # no more\n" + STEP + KEY,
        MANUAL + "    permissions:  # few\n      contents: read  # enough\n" + GRANT + "      # no more\n" + STEP + KEY,
    ),
    "a block of the workflow, to one job": (
        "permissions:\n  contents: read # as ever\n" + MANUAL + STEP + KEY,
        "permissions:\n  contents: read # as ever\n" + MANUAL + READ + GRANT + STEP + KEY,
    ),
    "flow style of the workflow is read alone": (
        "permissions: {contents: read}\n" + MANUAL + STEP + KEY,
        "permissions: {contents: read}\n" + MANUAL + READ + GRANT + STEP + KEY,
    ),
    "quoted keys": (
        MANUAL + '    "permissions":\n      "contents": "read"\n' + STEP + KEY,
        MANUAL + '    "permissions":\n      "contents": "read"\n' + GRANT + STEP + KEY,
    ),
    "line ends of Windows": (
        (MANUAL + READ + STEP + KEY).replace("\n", "\r\n"),
        (MANUAL + READ + GRANT + STEP + KEY).replace("\n", "\r\n"),
    ),
    "a byte order mark": ("\ufeff" + MANUAL + READ + STEP + KEY, "\ufeff" + MANUAL + READ + GRANT + STEP + KEY),
    "letters beside the plane": (
        MANUAL + READ.replace("read", "read # 🗝 é") + STEP + KEY,
        MANUAL + READ.replace("read", "read # 🗝 é") + GRANT + STEP + KEY,
    ),
    "breaks that are none": (
        "# a\x85# b\u2028# c\r# d\n" + MANUAL + READ + STEP + KEY,
        "# a\x85# b\u2028# c\r# d\n" + MANUAL + READ + GRANT + STEP + KEY,
    ),
    "no line end at the end": (
        MANUAL + STEP + KEY + "    permissions:\n      contents: read",
        MANUAL + STEP + KEY + "    permissions:\n      contents: read\n      id-token: write",
    ),
    "a list at the margin, wide steps": (
        MANUAL + READ + "    steps:\n    -   uses: anthropics/claude-code-action@v1\n        with:\n" + KEY,
        MANUAL + READ + GRANT + "    steps:\n    -   uses: anthropics/claude-code-action@v1\n        with:\n" + KEY,
    ),
    "an indent of four": (
        "permissions:\n    contents: read\n" + WIDE + WIDE_STEP + WIDE_END,
        "permissions:\n    contents: read\n" + WIDE
        + "        permissions:\n            contents: read\n            id-token: write\n" + WIDE_STEP + WIDE_END,
    ),
    "a pin by its commit": (
        MANUAL + STEP.replace("@v1", f"@{OLD_SHA}") + KEY,
        MANUAL + STEP.replace(f"{ACTION}@v1", f"{NEW} # v1.0.200") + KEY,
    ),
    "a pin whose comment names its version": (
        MANUAL + STEP.replace("@v1", f"@{OLD_SHA}   #  v1.0.150 by us") + KEY,
        MANUAL + STEP.replace(f"{ACTION}@v1", f"{NEW}   #  v1.0.200 by us") + KEY,
    ),
    "a pin whose comment is about something else": (
        MANUAL + STEP.replace("@v1", f"@{OLD_SHA} # ask Ann") + KEY,
        MANUAL + STEP.replace(f"{ACTION}@v1", f"{NEW} # v1.0.200 ask Ann") + KEY,
    ),
    "a tag in quotes, and its comment": (
        MANUAL + STEP.replace(f"{ACTION}@v1", f"'{ACTION}@v1.0.150' # v1.0.150") + KEY,
        MANUAL + STEP.replace(f"{ACTION}@v1", f"'{ACTION}@v1.0.200' # v1.0.200") + KEY,
    ),
    "a tag whose comment is about something else": (
        MANUAL + STEP.replace("@v1", "@v1.0.150 # 2 teams use it") + KEY,
        MANUAL + STEP.replace("@v1", "@v1.0.200 # 2 teams use it") + KEY,
    ),
    "a pin and the permission behind it": (
        MANUAL + STEP.replace("@v1", f"@{OLD_SHA}") + KEY + READ,
        MANUAL + STEP.replace(f"{ACTION}@v1", f"{NEW} # v1.0.200") + KEY + READ + GRANT,
    ),
    "the other half of an identity, as elsewhere": (
        MANUAL + STEP + RULE.replace("\n", " # ours\n") + PROMPT + MORE + RULE + ORGANIZATION,
        MANUAL + STEP + RULE.replace("\n", " # ours\n") + ORGANIZATION + PROMPT + MORE + RULE + ORGANIZATION,
    ),
    "an input before a block of text": (
        MANUAL + HELD + BASE,
        MANUAL + HELD + BASE.replace(PROMPT, KEY + PROMPT),
    ),
    **{
        f"the environment has it of {given}": (
            MANUAL + HELD.replace("secrets.KEY", given) + BASE,
            MANUAL + HELD.replace("secrets.KEY", given)
            + BASE.replace(PROMPT, KEY.replace("secrets.KEY", given) + PROMPT),
        )
        for given in ("vars.RULE", "inputs.x", "github.x", "matrix.x")
    },
    "a pin that lacks the inputs": (
        MANUAL + STEP.replace("@v1", "@v1.0.100") + RULE + ORGANIZATION,
        MANUAL + STEP.replace("@v1", "@v1.0.200") + RULE + ORGANIZATION,
    ),
}  # fmt: skip
GUARDED: Final = {
    "no condition": (
        TO_PULLS + STEP + KEY,
        TO_PULLS + STEP.replace("@v1\n", f"@v1\n        if: {GUARD}\n") + KEY,
    ),
    "a condition": (
        TO_PULLS + STEP.replace("with", "if: github.ref == 'x' # so\n        with") + KEY,
        TO_PULLS + STEP.replace("with", f"if: github.ref == 'x' && {GUARD} # so\n        with") + KEY,
    ),
    "a choice": (
        TO_PULLS + STEP.replace("with", "if: ${{ github.ref == 'x' || always() }}\n        with") + KEY,
        TO_PULLS
        + STEP.replace("with", f"if: ${{{{ (github.ref == 'x' || always()) && {GUARD} }}}}\n        with")
        + KEY,
    ),
    "single quotes": (
        TO_PULLS + STEP.replace("with", "if: '!github.event.pull_request.draft'\n        with") + KEY,
        TO_PULLS + STEP.replace("with", f"if: '!github.event.pull_request.draft && {TWICE}'\n        with") + KEY,
    ),
    "double quotes": (
        TO_PULLS + STEP.replace("with", 'if: "!github.event.pull_request.draft"\n        with') + KEY,
        TO_PULLS + STEP.replace("with", f'if: "!github.event.pull_request.draft && {GUARD}"\n        with') + KEY,
    ),
    "a script": (
        TO_PULLS + HELD + "    steps:\n      - run: |\n          claude -p x\n",
        TO_PULLS + HELD + f"    steps:\n      - if: {GUARD}\n        run: |\n          claude -p x\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MENDED)
def test_what_is_mended(name: str, tmp_path: Path) -> None:
    """The file is the expected one, byte by byte, once git has applied the patch."""
    before, after = MENDED[name]
    patch = proposed(before).patch
    assert after == patched(tmp_path, {FILE: before.encode()}, patch)[FILE].decode()


@pytest.mark.parametrize("name", GUARDED)
def test_what_is_guarded(name: str, tmp_path: Path) -> None:
    """Dependabot is kept out of the one step, beside whatever condition it has, and only if that was asked for."""
    before, after = GUARDED[name]
    patch = proposed(before, guards=True).patch
    assert ("", after) == (proposed(before).patch, patched(tmp_path, {FILE: before.encode()}, patch)[FILE].decode())


UNCLEAR: Final = "where it goes is not plain to see in this file"
NO_TOKEN: Final = STEP + KEY
LEFT: Final = {
    "flow style": (MANUAL + "    permissions: {contents: read}\n" + NO_TOKEN, UNCLEAR),
    "an anchor that is used twice": (
        MANUAL + "    permissions: &p\n      contents: read\n" + NO_TOKEN + "  b:\n    permissions: *p\n",
        UNCLEAR,
    ),
    "a job that is used twice": (
        MANUAL.replace("a:", "a: &a") + READ + NO_TOKEN + "  b: *a\n",
        UNCLEAR,
    ),
    "refused by name": (MANUAL + READ + "      id-token: none\n" + NO_TOKEN, "`id-token` is refused there by name"),
    "all may be read": (
        "permissions: read-all\n" + MANUAL + NO_TOKEN,
        "what the workflow grants cannot be written with one permission more",
    ),
    "a fork's run": (TO_PULLS + READ + NO_TOKEN, 'a fork\'s run may reach the job "a"'),
    "a fork's run of another step": (
        TO_PULLS + READ + "    steps:\n      - run: make\n" + MORE.replace("with", OWN) + KEY,
        'a fork\'s run may reach the job "a"',
    ),
    "callers elsewhere": (
        MANUAL.replace("dispatch", "call") + READ + NO_TOKEN,
        'a fork\'s run may reach the job "a"',
    ),
    "an old major version": (
        MANUAL + NO_TOKEN.replace("@v1", "@v0.0.60"),
        "a move from v0.0.60 changes more than the pin",
    ),
    "a failure that may pass": (
        MANUAL + NO_TOKEN.replace("with", "continue-on-error: true\n        with"),
        "whether a failure may pass is for you to say",
    ),
    "an id that nobody says": (
        MANUAL + STEP + RULE,
        "nothing here says that id",
    ),
    "ids that differ": (
        MANUAL + STEP + RULE + MORE + RULE + ORGANIZATION + MORE + RULE + ORGANIZATION.replace("u", "v"),
        "other steps pass that id in more than one way",
    ),
    "by the usual name, which is not set": (
        MANUAL + STEP + RULE.replace("RULE", "ANTHROPIC_FEDERATION_RULE_ID"),
        "nothing here says that id",
    ),
    "two ways": (
        MANUAL + HELD + STEP.replace("@v1", "@v0.0.60") + PROMPT,
        "there are two ways to mend it, by the input or by another version",
    ),
    "a literal": (
        MANUAL + HELD.replace("${{ secrets.KEY }}", "k-1") + BASE,
        "what stands in the environment cannot be passed as it is",
    ),
    "a credential beside it": (
        MANUAL + READ + "    env:\n      OTHER: sk-ant-api03-" + "FAKE0000" * 6 + "\n" + NO_TOKEN,
        "a credential is written out beside it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left(name: str) -> None:
    """Where more than one answer is right, or the place is not plain to see, nothing is proposed, and why is said."""
    text, why = LEFT[name]
    proposal = proposed(text)
    assert ("", why) == (proposal.patch, next((each.why for each in proposal.left), ""))


@pytest.mark.parametrize("lines", [2, 3, 4, 5])
def test_a_credential_that_the_patch_would_show(lines: int) -> None:
    """Git shows three lines around what changes: with one among them nothing is proposed, and beyond them it is.

    What is added at the end of a line counts as a change of that line, so that before it there is one more.
    """
    secret, more = "# sk-ant-api03-" + "FAKE0000" * 6 + "\n", "# x\n" * (lines - 2)
    first, last = READ.splitlines(keepends=True)
    texts = MANUAL + first + secret + more + last + NO_TOKEN, MANUAL + NO_TOKEN + READ + more + "# x\n" + secret
    found = [proposed(text) for text in texts]
    expected = [["a credential is written out beside it"] if hinders else [] for hinders in (lines <= 4, lines <= 3)]
    assert [(each, bool(each)) for each in expected] == [([it.why for it in one.left], not one.patch) for one in found]


CHECKOUT: Final = "      - uses: actions/checkout@v5\n        with: {ref: '%s'}\n"
STRANGE: Final = "{SHA: '${{ steps.pr.outputs.result }}', NUMBER: '${{ github.event.issue.number }}'}"
GITHUB_SCRIPT: Final = """      - uses: actions/github-script@v7
        with: {script: 'await exec.exec(`git`, [`fetch`, `origin`, sha])'}
"""
PULLS: Final = (
    'git init . && git pull https://github.com/$GITHUB_REPOSITORY "$SHA"',
    "git fetch origin $SHA",
    "git checkout ${SHA}",
    "git switch --detach ${{ steps.pr.outputs.result }}",
    "git merge $(gh pr view --json headRefOid)",
    "REF=main; REF=$(gh pr view --json headRefName); git checkout $REF",
    "REF=main; REF+=$SHA; git fetch origin $REF",
    "git ls-remote origin | while read sha ref; do git checkout $sha; done",
    "git ls-remote origin | xargs git fetch origin",
    "git fetch origin $1",
    "git -C . reset --hard $SHA",
    "git worktree add pr $SHA",
    "git clone $URL",
    "git remote add fork $URL",
    "git fetch origin ${REF#refs/}",
    "curl -L https://github.com/a/b/archive/$SHA.tar.gz | tar xz",
    "gh api repos/a/b/tarball/$SHA | tar xz",
    "curl -L $URL | git apply",
    "git am x.patch",
    "gh -R a/b pr checkout $NUMBER",
    "gh pr diff $NUMBER | patch -p1",
    "gh repo clone $REPO",
    "gh run download $RUN",
    "git $COMMAND",
    "$GIT fetch && git status",
    'eval "git fetch origin $SHA"',
    'bash -c "git fetch origin $SHA"',
    'sudo env GIT_TRACE=1 git fetch origin "$SHA"',
)
PULLED: Final = {
    "a comment's pull request": CHECKOUT % "refs/pull/${{ github.event.issue.number }}/head",
    "a head": CHECKOUT % "${{ github.event.pull_request.head.sha }}",
    "a head branch": CHECKOUT % "${{ github.head_ref }}",
    "what a step said": CHECKOUT % "${{ steps.pull.outputs.sha }}",
    "what was typed in": CHECKOUT % "${{ github.event.inputs.ref }}",
    "a repository": "      - uses: actions/checkout@v5\n        with: {repository: '${{ github.event.x }}'}\n",
    "in a folder": "      - uses: actions/checkout@v5\n        with: {ref: refs/pull/1/merge, path: pull}\n",
    "by another action": "      - uses: acme/checkout-pull@v1\n",
    "by gh": "      - run: gh  pr checkout 1\n",
    "by git": "      - run: git fetch origin pull/1/head\n",
    **{script: f"      - run: |\n          {script}\n        env: {STRANGE}\n" for script in PULLS},
    "in another shell": "      - {shell: pwsh, run: git fetch origin $env:SHA}\n",
    "in a heredoc": "      - run: |\n          python - <<END\n          run(['git', 'fetch', ref])\n          END\n",
    "by a script of JavaScript": GITHUB_SCRIPT,
    "by git, a branch": "      - run: git checkout ${{ github.head_ref }}\n",
}
ITS_OWN: Final = (
    "git fetch origin main && git checkout -b x origin/main",
    "git fetch --all --tags; git switch ${{ github.event.repository.default_branch }}",
    "git reset --hard $GITHUB_SHA",
    "git clone https://github.com/$GITHUB_REPOSITORY copy",
    "BASE=main; git merge --no-edit origin/$BASE",
    "git config user.name x && git commit -am x && git push origin HEAD:$SHA",
    "gh pr view $SHA --json title && gh api /repos/$GITHUB_REPOSITORY/issues/$SHA",
    "curl -fsS https://example.com/x?y=$SHA",
)


@pytest.mark.parametrize("script", ITS_OWN)
def test_a_job_that_names_only_its_own_repository_is_mended(script: str) -> None:
    """Commands of git that name nothing but the repository's own code are no reason to leave a job to people."""
    steps = f"    steps:\n      - run: |\n          {script}\n        env: {STRANGE}\n"
    assert "id-token: write" in proposed(MANUAL + READ + steps + MORE + KEY).patch


@pytest.mark.parametrize("name", PULLED)
@pytest.mark.parametrize("event", ["issue_comment", "workflow_dispatch", "schedule"])
def test_a_job_with_the_code_of_a_pull_request_gets_no_more(name: str, event: str) -> None:
    """Whoever starts the run: a job that may check such code out, and then runs it, is not given an OIDC token."""
    steps = f"    steps:\n{PULLED[name]}      - run: npm ci\n"
    proposal = proposed(MANUAL.replace("workflow_dispatch", event) + READ + steps + MORE + KEY)
    left = [each.why for each in proposal.left if each.finding.code == "id-token-missing"]
    assert ("", True, ['the job "a" may check out a pull request\'s code'] * len(left)) == (
        proposal.patch,
        bool(left),
        left,
    )


@pytest.mark.parametrize("ref", ["main", "${{ github.sha }}", "${{ github.event.repository.default_branch }}"])
def test_a_job_with_its_own_code_gets_it(ref: str) -> None:
    """A checkout of what the repository itself has stands in the way of no fix."""
    proposal = proposed(MANUAL + READ + "    steps:\n" + CHECKOUT % ref + "      - run: npm ci\n" + MORE + KEY)
    assert ["      id-token: write"] == changed(proposal.patch, "+")


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("if: |\n          always()\n        with", UNCLEAR),
        ("if: a ${{ b }}\n        with", "its condition is not one expression"),
        ("if: ''\n        with", "its condition is empty"),
    ],
)
def test_a_condition_that_is_left(condition: str, why: str) -> None:
    """A condition over several lines, one that is text and expression at once, and an empty one are left alone."""
    proposal = proposed(TO_PULLS + STEP.replace("with", condition) + KEY, guards=True)
    assert ("", [why]) == (proposal.patch, [each.why for each in proposal.left])


def test_one_that_breaks_another_is_left_alone(tmp_path: Path) -> None:
    """Where all together are not right, each is tried by itself: the good one is in the patch, the other is left."""
    good = MANUAL + READ + NO_TOKEN
    # @beta has no such input, so that to pass it by `with` mends nothing.
    ids = "".join(f"      ANTHROPIC_{name}_ID: ${{{{ vars.RULE }}}}\n" for name in ("FEDERATION_RULE", "ORGANIZATION"))
    bad = MANUAL + "    env:\n" + ids + BASE.replace("@main", "@beta")
    other = ".github/workflows/b.yml"
    proposal = propose({FILE: good.encode(), other: bad.encode()}, HAS)
    after = patched(tmp_path, {FILE: good.encode(), other: bad.encode()}, proposal.patch)
    left = [(each.finding.file, each.why) for each in proposal.left]
    assert ({FILE: (MANUAL + READ + GRANT + NO_TOKEN).encode(), other: bad.encode()}, left) == (
        after,
        [(other, "the file with the fix is not better by this reading")],
    )


def test_one_that_breaks_its_own_file_is_left_alone() -> None:
    """Beside a fix that makes something worse in the same file, the good one is still proposed."""
    ids = "".join(f"      ANTHROPIC_{name}_ID: ${{{{ vars.RULE }}}}\n" for name in ("FEDERATION_RULE", "ORGANIZATION"))
    bad = "  b:\n    runs-on: x\n    env:\n" + ids + BASE.replace("@main", "@beta")
    proposal = proposed(MANUAL + READ + NO_TOKEN + bad)
    codes = [[each.finding.code for each in found] for found in (proposal.mended, proposal.left)]
    assert ([["id-token-missing"], ["credential-not-read"]], ["      id-token: write"]) == (
        codes,
        changed(proposal.patch, "+"),
    )


@pytest.mark.parametrize("name", ["a b.yml", "ä🗝.yml", 'q"uo\\te.yml', "tab\tbell.yml"])
def test_a_name_that_git_quotes(name: str, tmp_path: Path) -> None:
    """A file's name with spaces, other alphabets, quotes or tabs is written as git writes it."""
    path, text = f".github/workflows/{name}", (MANUAL + READ + NO_TOKEN).encode()
    patch = propose({path: text}, HAS).patch
    assert (MANUAL + READ + GRANT + NO_TOKEN).encode() == patched(tmp_path, {path: text}, patch)[path]


def test_every_row_is_a_code_and_has_its_example() -> None:
    """The tables of fixes name codes that there are, none twice, and each of them mends a file above."""
    shown = [proposed(before, guards=True).mended for before, _ in (*MENDED.values(), *GUARDED.values())]
    codes = {each.finding.code for mended in shown for each in mended}
    assert (set(), {*FIXERS, *GUARDS}) == ((FIXERS.keys() & GUARDS.keys()) | ({*FIXERS, *GUARDS} - set(CODES)), codes)
