"""The sandbox's time: an edit has a second of its own, and what a dead client has sent is waited for."""

import socket
import threading

import pytest

from flowforge.sandbox import Fault, FaultKind, Sandbox
from flowforge.sandbox.rules.clock import SandboxClock

REPO, NAME = "acme/api", "A"


def test_an_edit_is_later_than_whatever_was_written() -> None:
    """Than what is edited, and than all that came through the API: the clock steps on to that second, and stays."""
    clock = SandboxClock()
    now = int(clock.now())
    assert now <= clock.after(0) <= now + 5
    clock.write(now + 100)
    assert now + 101 <= clock.after(now + 50) <= clock.now()
    assert now + 201 <= clock.after(now + 200) <= clock.now()


def test_edits_of_one_thing_never_share_a_second(sandbox: Sandbox) -> None:
    """Of a secret and a variable, also of one that was deleted and made again."""
    world = sandbox.world
    world.create_repo(REPO)
    scope, variables = world.directory[REPO].actions, world.directory[REPO].variables
    times, changes = [], []
    for number in range(3):
        world.set_secret(REPO, NAME, "x")
        times.append(scope.secrets[NAME].updated)
        world.set_variable(REPO, NAME, "x")
        changes.append(variables.items[NAME].updated)
        if number == 1:
            world.delete_secret(REPO, NAME)
            world.delete_variable(REPO, NAME)
    assert (3, sorted(times)) == (len({*times}), times)
    assert (3, sorted(changes)) == (len({*changes}), changes)


def test_another_pace() -> None:
    """A clock goes on from where it is, at the pace that it is told."""
    clock = SandboxClock(3600)
    clock.advance(10_000)
    before = clock.now()
    clock.pace(1)
    assert (1, True) == (clock.scale, before <= clock.now() < before + 3600)


def test_what_the_dead_have_sent_is_carried_out(sandbox: Sandbox) -> None:
    """A request whose sender is gone without waiting for the answer is done once the sandbox has settled."""
    host, _, port = sandbox.url.removeprefix("http://").partition(":")
    done = threading.Event()
    sandbox.world.settings.latency = 0.2
    sandbox.world.faults.add(Fault("GET /user", FaultKind.THEN, then=done.set))
    with socket.create_connection((host, int(port))) as client:
        client.sendall(f"GET /user HTTP/1.1\r\nHost: {host}\r\nAuthorization: token {sandbox.token}\r\n\r\n".encode())
    sandbox.settle()
    assert done.is_set()


def test_who_stays_is_not_waited_for_without_end(sandbox: Sandbox) -> None:
    """A connection that stays open is an error in the end."""
    host, _, port = sandbox.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))), pytest.raises(TimeoutError):
        sandbox.settle(0.5)
