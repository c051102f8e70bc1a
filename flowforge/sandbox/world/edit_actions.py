"""What can be done to a repository's Actions behind GitHub's API: states of workflows, permissions, OIDC subject."""

from flowforge.sandbox.world.base import Ground

_STATES = {"active", "disabled_fork", "disabled_inactivity", "disabled_manually"}


class ActionsVerbs(Ground):
    """Verbs on the Actions of a repository. Thread-safe."""

    def set_workflow_state(self, full_name: str, path: str, state: str = "disabled_manually") -> None:
        """Disable a workflow by its file's path, or make it `active` again."""
        if state not in _STATES:
            message = f"a workflow's state is one of {', '.join(sorted(_STATES))}"
            raise ValueError(message)
        with self.lock:
            self.directory[full_name].workflow_states[path] = state

    def set_default_permissions(self, full_name: str, level: str) -> None:
        """Set what a workflow without a permissions block may: `read` or `write`."""
        if level not in {"read", "write"}:
            raise ValueError("the default is read or write")
        with self.lock:
            self.directory[full_name].default_permissions = level

    def set_immutable_subject(self, full_name: str, *, immutable: bool = True) -> None:
        """Let the OIDC subject carry ids, as it does in repositories that were made since July 2026; or not."""
        with self.lock:
            self.directory[full_name].immutable_subject = immutable

    def set_subject_template(self, full_name: str, keys: list[str] | None = None) -> None:
        """Make the OIDC subject of these claims, as `repo` and `context`; of none, give it GitHub's own form again."""
        with self.lock:
            self.directory[full_name].subject_keys = tuple(keys or ())

    def disable_repo(self, full_name: str, *, disabled: bool = True) -> None:
        """Disable a repository as GitHub's staff does, or end that."""
        with self.lock:
            self.directory[full_name].disabled = disabled
