"""What a process sends, told to the guard from within that process, before it leaves.

`tests/children.py` puts this file, as `sitecustomize.py`, into a folder that each process which a test starts has on
PYTHONPATH: a Python runs it before anything else, and hands it on to those that it starts. It tells what goes into a
connection, before TLS, whatever library writes it and whatever server is to read it. The pipe keeps what was told when
the process is killed, and nothing of it lies on a disk.
"""

import os
import sys
from _thread import RLock
from errno import ENOENT, ENXIO
from itertools import count
from typing import Any, Final

PIPE: Final = "told"
SENT, TOOK, UNREAD, VALUE, ARRIVED = "sent", "took", "unread", "value", "arrived"
# What says to a process where Anthropic's API is.
NAMES: Final = ("FLOWFORGE_ANTHROPIC_URL", "FLOWFORGE_ALLOWED_VERIFY_HOSTS")
# Each part of a head is followed by this, which is in no address and in no variable.
END: Final = b"\0"
# Bytes of a frame that come before its head: how long that is, and how long what follows it.
LENGTHS: Final = 8
_VAULT: Final = "flowforge.vault"
_NUMBERS: Final = count(1)


def frames(kind: str, number: int, where: str, data: bytes) -> "list[bytes]":
    """Return what tells something: in pieces that a pipe takes as a whole, so that none is within another's.

    number: of the connection or the value, in this process. where: whom it leads to.
    """
    from select import PIPE_BUF  # noqa: PLC0415 -- most processes have nothing to tell

    parts = (kind, str(os.getpid()), str(number), where, *(os.environ.get(name, "") for name in NAMES))
    head = END.join(os.fsencode(part)[:100] for part in parts)
    most = PIPE_BUF - LENGTHS - len(head)
    pieces = [data[start : start + most] for start in range(0, len(data), most)] or [b""]
    return [b"%4d%4d%s%s" % (len(head), len(piece), head, piece) for piece in pieces]


def tell(kind: str, number: int, where: str, data: bytes = b"") -> None:
    """Write it into the pipe, from which it is read in the order of what was written."""
    try:
        # Not kept open, so that a process may close and limit its files as it likes.
        pipe = os.open(os.path.join(os.path.dirname(__file__), PIPE), os.O_WRONLY | os.O_NONBLOCK)  # noqa: PTH118, PTH120 -- pathlib takes as long to import as all of this
    except OSError as error:
        if error.errno in {ENOENT, ENXIO}:
            return  # the tests are over, and nobody listens
        raise
    try:
        os.set_blocking(pipe, True)
        for frame in frames(kind, number, where, data):
            os.write(pipe, frame)
    finally:
        os.close(pipe)


class _Sockets:
    """The sockets of this process. All but those that a server of its own accepted lead out of it."""

    def __init__(self) -> None:
        import socket  # noqa: PLC0415 -- as below
        import ssl  # noqa: PLC0415 -- as below
        from weakref import WeakKeyDictionary  # noqa: PLC0415 -- a process that opens no socket needs none of these

        self.readable = socket.socket
        # The number of each that sent something; 0 of one that was accepted.
        self._numbers: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        # What says that nothing was taken, and that it is to be sent again.
        self._again = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
        plain: Any = socket.socket
        plain.accept = self._accepting(plain.accept)
        for name in ("send", "sendall", "sendto", "sendmsg"):
            setattr(plain, name, self._sending(getattr(plain, name), _bare))
        plain.sendfile = plain._sendfile_use_send
        secure: Any
        for secure, names in ((ssl.SSLSocket, ("send", "write")), (ssl.SSLObject, ("write",))):
            for name in names:
                setattr(secure, name, self._sending(getattr(secure, name), _asks_in_tls))

    def _accepting(self, inner: Any) -> Any:  # noqa: ANN401 -- a method of a socket's
        def accept(this: object) -> "tuple[object, object]":
            opened, address = inner(this)
            self._numbers[opened] = 0
            return opened, address

        return accept

    def _sending(self, inner: Any, counts: Any) -> Any:  # noqa: ANN401 -- methods of a socket's
        def send(this: Any, data: Any, *more: Any) -> Any:  # noqa: ANN401 -- as the socket's
            number = self._number(this)
            if not (number and counts(this)):
                return inner(this, data, *more)
            whole = b"".join(data) if inner.__name__ == "sendmsg" else bytes(data)
            where = _where(this, more[-1] if more and inner.__name__ == "sendto" else None)
            tell(SENT, number, where, whole)
            try:
                took = inner(this, data, *more)
            except self._again:
                if inner.__name__ != "sendall":  # which does not say what it took
                    tell(TOOK, number, where, str(len(whole)).encode())
                raise
            if took is not None and took < len(whole):
                # The rest is sent again, and told again.
                tell(TOOK, number, where, str(len(whole) - took).encode())
            return took

        return send

    def _number(self, this: object) -> int:
        if this not in self._numbers:
            self._numbers[this] = next(_NUMBERS)
        return self._numbers[this]


def _bare(this: Any) -> bool:  # noqa: ANN401 -- a socket
    """Return whether a socket writes what it is given, and may lead out of this process."""
    return getattr(this, "_sslobj", None) is None and _where(this, None) != ""


def _asks_in_tls(this: Any) -> bool:  # noqa: ANN401 -- a socket or what writes into memory
    return this._sslobj is not None and not this.server_side


def _where(this: Any, given: object) -> str:  # noqa: ANN401 -- a socket or what writes into memory
    """Return whom it leads to, as `host:port`; of an end of a pair that has no name, nothing."""
    if not hasattr(this, "getpeername"):
        return f"{this.server_hostname}:"
    try:
        peer: Any = given or this.getpeername()
    except OSError:
        return "nobody"
    return ":".join(str(part) for part in peer[:2]) if isinstance(peer, tuple) else os.fsdecode(peer)


def _keep_values() -> None:
    """Tell what comes into a vault, so that it is found also where it looks like nothing."""
    from flowforge.vault import Vault  # noqa: PLC0415 -- only what imports it anyway comes here

    inner = Vault.put

    def put(self: Vault, fingerprint: str, value: Any) -> None:  # noqa: ANN401 -- as the vault's
        tell(VALUE, next(_NUMBERS), "", value.reveal().encode("utf-8", "surrogatepass"))
        inner(self, fingerprint, value)

    vault: Any = Vault
    vault.put = put


def watch() -> None:
    """Watch this process from now on."""
    sockets: list[_Sockets] = []
    # Threads may open the first ones side by side.
    lock = RLock()
    waits = {_VAULT}

    def heard(event: str, args: "tuple[Any, ...]") -> None:
        if event == "import":
            if args[0] in waits:
                waits.clear()
                _keep_values()
        elif event == "socket.__new__":
            with lock:
                if not sockets:
                    sockets.append(_Sockets())
        elif event == "socket.connect" and not isinstance(args[0], sockets[0].readable):
            tell(UNREAD, 0, str(args[1]))

    sys.addaudithook(heard)


if __name__ == "sitecustomize":
    watch()
