"""The network's faults: nobody there, a connection that breaks, hangs or crawls, TLS, and somebody in between."""

import socket
import socketserver
import threading
import time
from contextlib import closing, suppress
from typing import Final

from flowforge.sandbox import Fault
from flowforge.sandbox import FaultKind as Kind
from tests.faults.bench import FOREVER, Bench, Done
from tests.faults.certificate import self_signed
from tests.faults.row import (
    API_OLD,
    BOTH_CHANGED,
    BOTH_NEW,
    BOTH_OLD,
    CREATED,
    INCOMPLETE,
    NEW_STATE,
    UPDATED,
    WEB_OLD,
    WEB_ONLY_BLOCKED,
    WEB_ONLY_FAILED,
    Expected,
    Given,
    Row,
    faults,
)

PUT_API: Final = "^PUT /repos/acme/api/"
LIST_API: Final = r"^GET /repos/acme/api/actions/secrets\?"


def _nobody_there(bench: Bench) -> None:
    """Name a port at which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    bench.instead[url] = "http://127.0.0.1:PORT"
    bench.environ("GITHUB_API_URL", url)


def _gone_at_the_first_write(bench: Bench) -> None:
    """Let GitHub vanish at the moment of the first write, and come back when the fault is mended."""

    def back() -> None:
        bench.sandbox.start()
        bench.patch.setenv("GITHUB_API_URL", bench.sandbox.url)

    bench.when(PUT_API, bench.sandbox.stop)
    bench.injected.callback(back)


def hanging(match: str, times: int = FOREVER) -> Given:
    """Let GitHub say nothing for longer than anybody waits, whose seconds pass faster."""

    def given(bench: Bench) -> None:
        bench.environ("FLOWFORGE_DEADLINE_SCALE", "75")  # so the next byte is awaited for a fifth of a second
        faults(match, Fault("", Kind.HANG, times=times, seconds=0.4))(bench)

    return given


def _for_fifteen_seconds(bench: Bench, args: tuple[str, ...]) -> Done:
    """Run it by the real limit: it gives up on an answer that would take longer."""
    begun = time.monotonic()
    # A process of its own, as the clock of a command in this one stands still while nobody waits by it.
    done = bench.end(bench.start(*args))
    assert 15 <= time.monotonic() - begun < 60
    return done


def _self_signed(bench: Bench) -> None:
    """Serve TLS with a certificate that nobody vouches for, made now."""
    context = self_signed()

    class Greeter(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # what we are here to see: the client leaves
                context.wrap_socket(self.request, server_side=True).close()

    server = socketserver.TCPServer(("127.0.0.1", 0), Greeter)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    bench.injected.callback(server.server_close)
    bench.injected.callback(server.shutdown)
    _https(bench, server.server_address[1])


def _no_tls(bench: Bench) -> None:
    """Speak TLS to a port that does not."""
    _https(bench, int(bench.sandbox.url.rpartition(":")[2]))


def _https(bench: Bench, port: int) -> None:
    # Older and newer releases of OpenSSL say the same in other words.
    bench.instead["self signed"] = "self-signed"
    bench.instead["record layer failure"] = "wrong version number"
    bench.instead[f"https://127.0.0.1:{port}"] = "https://127.0.0.1:PORT"
    bench.environ("GITHUB_API_URL", f"https://127.0.0.1:{port}")


def _a_page_for_everything(bench: Bench) -> None:
    """Let a network's sign-in page be all that there is."""
    bench.instead[bench.sandbox.url] = "http://127.0.0.1:PORT"
    faults("", Fault("", Kind.PROXY, FOREVER))(bench)


_NOT_GITHUBS: Final = (
    "error FF349: http://127.0.0.1:PORT: what answers at this address is not GitHub's API",
    "  why: it answered 200 OK, which is not JSON; the address came from GITHUB_API_URL",
    (
        "  fix: correct GITHUB_API_URL, whose form is https://api.github.com, or https://ghe.example.com/api/v3; "
        "if it is right, check what stands between it and this machine, such as a network's sign-in page"
    ),
)
ROWS: Final = (
    Row(
        "connection refused",
        "plan",
        Expected(
            (
                "error FF351: GITHUB_API_URL: nothing listens at http://127.0.0.1:PORT; is `flowforge sandbox` running?",
                "  fix: start it, or name the address that it shows in GITHUB_API_URL",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _nobody_there,
    ),
    Row(
        "connection refused",
        "apply",
        Expected(
            (
                "error FF351: GITHUB_API_URL: nothing listens at http://127.0.0.1:PORT; is `flowforge sandbox` running?",
                "  fix: start it, or name the address that it shows in GITHUB_API_URL",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _nobody_there,
    ),
    Row(
        "connection refused from the first write on",
        "apply",
        Expected(
            (
                "failed (FF328): no usable answer in 4 tries: no connection: Connection refused",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  fix: run it again in a while",
                "Not all done: 0 created, 0 updated, 0 deleted, 2 failed, 0 blocked.",
            ),
            3,
            WEB_OLD,
            "api: update, write_interrupted; web: update, write_interrupted",
        ),
        _gone_at_the_first_write,
        more=("-j", "1"),
    ),
    Row(
        "connection reset before the write, twice",
        "apply",
        Expected(),
        faults(PUT_API, Fault("", Kind.RESET_BEFORE, times=2)),
    ),
    Row(
        "connection reset before the write, always",
        "apply",
        Expected(
            (
                "failed (FF328): no usable answer in 4 tries: the connection broke",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again in a while",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, write_interrupted; web: in sync",
        ),
        faults(PUT_API, Fault("", Kind.RESET_BEFORE, FOREVER)),
    ),
    Row(
        "connection reset after the write, twice",
        "apply",
        Expected((NEW_STATE, CREATED)),
        faults(PUT_API, Fault("", Kind.RESET_AFTER, times=2)),
        fresh=True,
    ),
    Row(
        "connection reset after the write, always",
        "apply",
        Expected(
            (
                "failed (FF328): no usable answer in 4 tries: the connection broke",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again in a while",
                WEB_ONLY_FAILED,
            ),
            3,
            BOTH_NEW,
            "api: update, write_interrupted; web: in sync",
        ),
        faults(PUT_API, Fault("", Kind.RESET_AFTER, FOREVER)),
    ),
    Row(
        "connection reset while reading, always",
        "plan",
        Expected(
            (
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no usable answer in 4 tries: the connection broke",
                "    fix: run it again in a while",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        faults(LIST_API, Fault("", Kind.RESET_BEFORE, FOREVER)),
    ),
    Row(
        "connection reset while reading, always",
        "apply",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no usable answer in 4 tries: the connection broke",
                "    fix: run it again in a while",
                INCOMPLETE,
                WEB_ONLY_BLOCKED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        faults(LIST_API, Fault("", Kind.RESET_BEFORE, FOREVER)),
    ),
    Row("no answer to a write, once", "apply", Expected(), hanging(PUT_API, 1)),
    Row(
        "no answer to a write, ever",
        "apply",
        Expected(
            (
                "failed (FF328): no usable answer in 4 tries: no answer within 15 s",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again in a while",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, write_interrupted; web: in sync",
        ),
        hanging(PUT_API),
    ),
    Row(
        "no answer to a read, ever",
        "plan",
        Expected(
            (
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no usable answer in 4 tries: no answer within 15 s",
                "    fix: run it again in a while",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        hanging(LIST_API),
    ),
    Row(
        "no answer to a write, once, in real time",
        "apply",
        Expected(("Writing: 1/2  1/min", UPDATED)),
        faults(PUT_API, Fault("", Kind.HANG, seconds=60)),
        _for_fifteen_seconds,
        slow=True,
    ),
    Row(
        "an answer that comes slowly", "apply", Expected(), faults("", Fault("", Kind.SLOW_BODY, FOREVER, seconds=0.05))
    ),
    Row(
        "a certificate that nobody vouches for",
        "plan",
        Expected(
            (
                "error FF330: https://127.0.0.1:PORT: GitHub cannot be reached",
                "  why: no connection: certificate verify failed: self-signed certificate",
                "  fix: check the network, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and GITHUB_API_URL",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _self_signed,
    ),
    Row(
        "a certificate that nobody vouches for",
        "apply",
        Expected(
            (
                "error FF330: https://127.0.0.1:PORT: GitHub cannot be reached",
                "  why: no connection: certificate verify failed: self-signed certificate",
                "  fix: check the network, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and GITHUB_API_URL",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _self_signed,
    ),
    Row(
        "no TLS where https is written",
        "plan",
        Expected(
            (
                "error FF330: https://127.0.0.1:PORT: GitHub cannot be reached",
                "  why: no connection: wrong version number",
                "  fix: check the network, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and GITHUB_API_URL",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _no_tls,
    ),
    Row("a proxy's page with status 200, once", "apply", Expected(), faults(PUT_API, Fault("", Kind.PROXY))),
    Row(
        "a proxy's page with status 200 for every write",
        "apply",
        Expected(
            (
                "failed (FF328): no usable answer in 4 tries: it answered 200 OK, which is not JSON",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again in a while",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, write_interrupted; web: in sync",
        ),
        faults(PUT_API, Fault("", Kind.PROXY, FOREVER)),
    ),
    Row(
        "a proxy's page with status 200 for every request",
        "plan",
        Expected(
            (*_NOT_GITHUBS,),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _a_page_for_everything,
    ),
    Row(
        "a proxy's page with status 200 for every request",
        "apply",
        Expected(
            (*_NOT_GITHUBS,),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _a_page_for_everything,
    ),
)
