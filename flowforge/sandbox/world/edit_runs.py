"""What can be done to the runs of a repository's workflows behind GitHub's API."""

from typing import Final

from flowforge.sandbox.world.base import Ground
from flowforge.sandbox.world.git import MAIN
from flowforge.sandbox.world.workflow_run import ENDS, ActionsRun, DispatchPlan, RunJob, RunStep

_MEMBERS: Final = frozenset({"name", "conclusion", "steps", "annotations"})


class RunVerbs(Ground):
    """Verbs on runs of workflows. Thread-safe."""

    def add_run(
        self,
        full_name: str,
        path: str,
        *,
        jobs: list[dict[str, object]] | None = None,
        conclusion: str = "success",
        event: str = "schedule",
        actor: str = "somebody",
        branch: str = MAIN,
        commit: str = "",
        fork: bool = False,
        created: int | None = None,
    ) -> int:
        """Let a workflow have run, and return the id of the run.

        jobs: each with `name`, `conclusion`, `steps` (pairs of name and conclusion) and `annotations` (texts).
        conclusion: empty for a run that is queued. commit: the newest of the branch unless given. created: when it was
        queued, in seconds since 1970; now unless given.
        """
        with self.lock:
            repo = self.directory[full_name]
            when = int(self.clock.now()) if created is None else created
            commit = commit or repo.git.resolve(branch)
            made = [self._job(each) for each in jobs or ()]
            # A history may have runs of a time to come: they have ended all the same.
            ended = min(when, int(self.clock.now())) if conclusion else None
            run = ActionsRun(
                self.directory.new_id(), path, event, actor, commit, branch, when, ended, conclusion, fork, made
            )
            repo.runs.append(run)
            return run.id

    def delete_run(self, full_name: str, run: int) -> None:
        """Delete a run, as a person with write access may."""
        with self.lock:
            repo = self.directory[full_name]
            repo.runs = [each for each in repo.runs if each.id != run]

    def set_dispatched(self, full_name: str, path: str, ends: str = "well", seconds: float = 60.0) -> None:
        """Set how the runs end that are dispatched from now on, and after how many seconds."""
        if ends not in ENDS:
            message = f"a dispatched run ends {', '.join(ENDS)}"
            raise ValueError(message)
        with self.lock:
            self.directory[full_name].dispatched[path] = DispatchPlan(ends, seconds)

    def _job(self, given: dict[str, object]) -> RunJob:
        if not given.keys() <= _MEMBERS:
            raise ValueError("a job has name, conclusion, steps and annotations")
        steps, notes = given.get("steps", []), given.get("annotations", [])
        if not (isinstance(steps, list) and isinstance(notes, list)):
            raise ValueError("the steps and the annotations of a job are lists")  # noqa: TRY004 -- as of all verbs
        return RunJob(
            self.directory.new_id(),
            str(given.get("name", "job")),
            str(given.get("conclusion", "success")),
            [RunStep(str(name), str(ended)) for name, ended in steps],
            [str(note) for note in notes],
        )
