"""The table of commands: each with its help, its module and its options. A new command is a row and a module.

Every help and every error of the command line is made of this table; a module is imported when its command runs.
"""

from typing import Final

from flowforge.cli import command_options as of
from flowforge.cli.lazy import Row
from flowforge.cli.rotate_options import rotate_options
from flowforge.cli.state.subcommands import SUBCOMMANDS
from flowforge.resources import SCHEMAS

# In the order in which people meet them.
COMMANDS: Final = (
    Row(
        "init",
        """
        Write a commented starter manifest, and the schema for editors.

        The schema goes beside the manifest, and what git is to ignore into the .gitignore there. Repositories named
        here go into the manifest. With --owner it has what the workflows there read and what is set, with blanks to
        fill in: that takes a token, and reads no value. Overwrites no manifest.
        """,
        "flowforge.cli.init",
        of.init_options,
    ),
    Row(
        "validate",
        """
        Check the manifest. Opens no source, makes no request, needs no token.

        A FILE is a manifest as -m names one: a file or a folder; several are read as one.
        """,
        "flowforge.cli.validate",
        of.validate_options,
    ),
    Row(
        "plan",
        "Say what GitHub lacks, and what `apply` would do about it. Writes nothing.",
        "flowforge.cli.plan",
        of.plan_options,
    ),
    Row(
        "apply",
        """
        Make GitHub match the manifest: plan, show, ask, write, recap.

        With a PLANFILE of `plan --out`, carry out that plan: it was approved, so nobody is asked. Everything is planned
        again with the options that it was made with, and nothing is written unless that comes to the same.
        """,
        "flowforge.cli.apply",
        of.apply_options,
    ),
    Row(
        "adopt",
        """
        Record secrets that are there already as holding today's value.

        Writes nothing to GitHub: what is there and wanted and was never applied is remembered as assumed to hold the
        value that its source gives now, instead of being overwritten. `apply --prove` writes it later, to prove it. A
        variable is recorded where it holds the wanted value, which GitHub shows.
        """,
        "flowforge.cli.adopt",
        of.adopt_options,
    ),
    Row(
        "rotate",
        """
        Walk a credential to its new value, and say who has the old one.

        Put the new value at the credential's source first. The repositories get it in batches, after each of which the
        canary must be well. The walk stands in the state: until it ends, `apply` writes nothing of this credential that
        the walk has not come to, and the same command goes on after whatever stopped it. With --back, once the source
        has the old value again, it takes back what it wrote. With --now, for a key that leaked, all is written at once.
        """,
        "flowforge.cli.rotate",
        rotate_options,
    ),
    Row(
        "matrix",
        """
        Print a job for each owner, for the matrix of a workflow.

        Each job then runs `plan` or `apply` with --owner, that owner's token alone, and its own state. In a workflow it
        is the step's output `matrix` too. It needs a token only where selectors choose repositories.
        """,
        "flowforge.cli.matrix",
        of.matrix_options,
    ),
    Row(
        "post",
        """
        Post a report to its pull request, or keep one issue of it.

        REPORT is what `--report json=FILE` of `plan`, `apply` or `audit` wrote. On a pull request it is one comment,
        which is edited from then on. An issue is opened when something is wrong, updated, and closed when all is well.
        Where that is not permitted the summary of the step gets it, and the exit code is 0. It reads no manifest.
        """,
        "flowforge.cli.post",
        of.post_options,
    ),
    Row(
        "doctor",
        """
        Say what is wrong on the way to GitHub, with what mends it. Writes nothing.

        Looks at variables and programs, the manifest and its sources, the token, its permissions, its life and its
        budget, the clock, the places and the state. Exits 3 when something is wrong. With --probe it finds out how a
        GitHub answers, on a scratch repo: it names the repo, asks, and creates, lists, rotates, re-keys and deletes
        secrets named FLOWFORGE_PROBE_... in each store that the token has. What it prints then is JSON, and names
        nobody. The token is found as for `plan`; no manifest is needed.
        """,
        "flowforge.cli.doctor",
        of.doctor_options,
    ),
    Row(
        "audit",
        """
        Say what will break in the workflows that run Claude.

        Reads the workflow files of the manifest's repositories, or of all that --owner has, as GitHub's runner does,
        and lists what their stores hold. With --path it reads a checkout, without a token: which secrets are set is
        then unknown. Exits 0 when it could look.
        """,
        "flowforge.cli.audit",
        of.audit_options,
    ),
    Row(
        "status",
        """
        Say how old each credential is, and whether it lives.

        And who still has an older value. Opens no source and writes nothing. Where the token may read Actions and
        contents, the runs of the workflows since each write tell whether the secret works, without the secret. Exits 0
        unless an option asks for more.
        """,
        "flowforge.cli.status",
        of.status_options,
    ),
    Row(
        "identity",
        "Say whom workload identities must trust.",
        rows=(
            Row(
                "rules",
                """
                Print the federation rules that the manifest's workload identities need.

                One for each credential of type anthropic_workload_identity, by the ids of its repositories and their
                owners, as a person types it into the Console, and with --format json as the Admin API takes it. What
                the subject of each repository's tokens looks like is asked and told. It opens no source, and asks
                nothing of Anthropic.
                """,
                "flowforge.cli.identity",
                of.rules_options,
            ),
        ),
    ),
    Row("state", "Look at what FlowForge remembers, and mend it.", rows=SUBCOMMANDS),
    Row(
        "schema",
        f"""
        Print the JSON Schema of manifests, or of what FlowForge writes.

        A DOCUMENT is {", ".join(SCHEMAS)}.
        """,
        "flowforge.cli.schema",
        of.schema_options,
    ),
    Row(
        "explain",
        """
        Say what a code, or the text of a failed run, is about.

        A CODE is one of ours, such as FF504. A TEXT is a line of the log of a workflow that runs Claude, such as
        `Invalid bearer token`: why it is said, how to check that, and what to do.
        """,
        "flowforge.cli.explain",
        of.explain_options,
    ),
    Row(
        "completion",
        """
        Print what a shell needs to complete our command lines.

        Commands and options, and the repos, groups, tags and owners that the manifest names. For bash, in ~/.bashrc:
        `eval "$(flowforge completion bash)"`; for zsh the same in ~/.zshrc, after compinit; for fish: `flowforge
        completion fish > ~/.config/fish/completions/flowforge.fish`.
        """,
        "flowforge.cli.completion",
        of.completion_options,
    ),
    Row(
        "sandbox",
        "Run a local GitHub to rehearse against, until Ctrl-C. It keeps nothing.",
        "flowforge.cli.sandbox.start",
        of.sandbox_options,
        (
            Row(
                "do",
                """
                Change a sandbox that runs, behind FlowForge's back.

                An argument is key=text, key=@FILE for the text of a file, or key:=JSON. A LIST is written a,b and a MAP
                secrets:read,issues:write. The sandbox is that of GITHUB_API_URL and FLOWFORGE_GITHUB_TOKEN. What a verb
                returns is printed: a text as it is, all else as JSON.
                """,
                "flowforge.cli.sandbox.do",
                of.do_options,
                sections=of.verb_sections,
            ),
        ),
    ),
    Row(
        "demo",
        """
        Watch a fleet being brought onto a Claude credential.

        It has 25 repositories, on a sandbox on this machine. With --rotate, 15 that have a key get a new one.
        """,
        "flowforge.cli.demo",
        of.demo_options,
    ),
)
