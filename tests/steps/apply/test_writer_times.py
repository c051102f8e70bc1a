"""The writer, of what it need not ask for: the time of a write that a later list shows, a key that is remembered."""

from dataclasses import replace

import httpx

from flowforge.github.secrets import PublicKeys
from flowforge.plan.action import Action
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.plan.report import Outcome
from flowforge.steps.apply.confirming import Confirming
from flowforge.steps.apply.writer import ScopeWriter
from tests.steps.apply.parts import AT, PUBLIC_KEY, GitHub, Notes, cost
from tests.steps.apply.test_writer import BEFORE, LIST, NEW, PUT, SCOPE, WEB, creates, flags, problem_of, record


def test_a_list_that_ends_the_run_leaves_the_time_to_the_next(
    writer: ScopeWriter, github: GitHub, notes: Notes
) -> None:
    """The token ended between the write and the list: GitHub had answered, so the write is done and recorded."""
    github.instead[LIST] = [httpx.Response(401, json={"message": "Bad credentials"})]
    writer.write_scope(SCOPE, [creates()])
    assert ((Outcome.CREATED, None, ()), (True, True, False)) == (problem_of(writer), flags(writer))
    assert [("intend", {NEW: "fp-one"}), ("record", NEW, record(unconfirmed=True))] == notes.told
    assert ["GitHub does not accept the token"] == [each[:32] for each in writer.left]


def test_a_list_that_would_cost_a_wait_is_not_asked_for(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """The next run's list shows the time. From the first one on, so it is until the end, unless --confirm is given."""
    writer.expect([{SCOPE: (creates(),) * 200}])
    writer.write_scope(SCOPE, [creates()])
    writer.expect([])
    writer.write_scope(WEB, [creates(Address(WEB, "NEW"))])
    kept = [told[-1] for told in notes.told if isinstance(told[-1], Record)]
    assert [True, True] == [each.unconfirmed for each in kept]
    assert LIST not in github.asked
    writer.confirming = Confirming(cost, always=True)
    writer.expect([{SCOPE: (creates(),) * 200}])
    writer.write_scope(SCOPE, [replace(creates(), action=Action.UPDATE, seen_at=BEFORE)])
    assert (LIST, record()) == (github.asked[-1], notes.told[-1][-1])


def test_a_write_that_another_may_be_mistaken_for_is_looked_at_all_the_same(
    writer: ScopeWriter, github: GitHub
) -> None:
    """What was there is no two seconds older than our write, so that only a list now tells them apart."""
    writer.expect([{SCOPE: (creates(),) * 200}])
    writer.write_scope(SCOPE, [replace(creates(), action=Action.UPDATE, seen_at=AT)])
    assert LIST == github.asked[-1]


def test_a_remembered_key_seals(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """It is not asked for; where GitHub refuses it, by whatever 422, it is, once, and the new one is remembered."""
    writer.keys = PublicKeys({SCOPE: PUBLIC_KEY})
    writer.write_scope(SCOPE, [creates()])
    assert ([PUT, LIST], record()) == (github.asked, notes.told[-1][-1])
    github.asked.clear()
    writer.keys = PublicKeys({WEB: PUBLIC_KEY.replace("1:", "2:", 1)})
    path = "/repos/acme/web/actions/secrets"
    github.instead[f"PUT {path}/NEW"] = [httpx.Response(422, json={"message": "No."}), httpx.Response(201, json={})]
    writer.write_scope(WEB, [creates(Address(WEB, "NEW"))])
    assert [f"PUT {path}/NEW", f"GET {path}/public-key", f"PUT {path}/NEW"] == github.asked[:3]
    assert PUBLIC_KEY == writer.keys.text(WEB)
