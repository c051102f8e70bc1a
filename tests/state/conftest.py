"""A state's place, and secrets to remember in it."""

from pathlib import Path

import pytest

from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a state file in a folder of its own, links resolved, where nothing is yet."""
    folder = tmp_path.resolve() / "ops"
    folder.mkdir()
    return folder / "flowforge.state.json"


@pytest.fixture
def addresses() -> tuple[Address, ...]:
    """Name six secrets, sorted."""
    return tuple(Address(Scope(Repo.parse(f"Acme/repo-{n}")), "ANTHROPIC_API_KEY") for n in range(6))


@pytest.fixture
def records() -> tuple[Record, ...]:
    """Make six records that differ in every member."""
    return tuple(
        Record(
            f"hmac-sha256:{n:064x}",
            f"2026-03-01T10:00:0{n}Z",
            f"key-{n}",
            100 + n,
            f"2026-03-01T10:01:0{n}Z",
            f"2026-03-01T10:02:0{n}Z",
            adopted=n % 2 == 1,
            drifted_at=f"2026-03-01T09:59:0{n}Z" if n % 3 == 2 else "",
            commit=f"{n}" * 40 if n % 2 == 0 else "",
            run=f"https://ci.test/runs/{n}?try=1" if n % 3 == 0 else "",
            public_key=f"{n}:{'A' * 43}=" if n % 2 == 0 else "",
            unconfirmed=n == 2,
            api_key_id=f"apikey_0{n}" if n % 2 == 1 else "",
        )
        for n in range(6)
    )
