"""The language server that editors read YAML with, driven over its standard streams as an editor drives it."""

import itertools
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
SERVER: Final = ROOT / "tools/node/node_modules/yaml-language-server/bin/yaml-language-server"
SCHEMA: Final = ROOT / "schemas/flowforge.schema.json"
_LONGEST: Final = 120  # seconds: far more than an answer takes on a busy machine
Message = Mapping[str, Any]


def missing() -> str:
    """Return why the server cannot be run here; empty where it can."""
    if not shutil.which("node"):
        return "node is not installed"
    return "" if SERVER.exists() else "yaml-language-server is not installed; make editor installs it"


class Editor:
    """An editor that has the manifest's schema for every file that it opens."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._queue: SimpleQueue[Message] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"hover": {"contentFormat": ["markdown"]}},
        }
        self._ask("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": {"yaml": _settings()}})

    def open(self, text: str) -> str:
        """Open a manifest; return its address."""
        address = f"file:///manifests/{next(self._numbers)}/flowforge.yaml"
        document = {"uri": address, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return address

    def marks(self, text: str) -> list[tuple[int, str]]:
        """Return what the editor marks in a manifest: the line, counted from 1, and the sentence."""
        address = self.open(text)
        while True:
            message = self._next()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == address:
                found = message["params"]["diagnostics"]
                return sorted((each["range"]["start"]["line"] + 1, str(each["message"])) for each in found)

    def hover(self, address: str, line: int, column: int) -> str:
        """Return what is shown over a place; both counted from 0."""
        position = {"line": line, "character": column}
        answer = self._ask("textDocument/hover", {"textDocument": {"uri": address}, "position": position})
        return str(answer["contents"]["value"]) if answer else ""

    def _ask(self, method: str, params: Message) -> Any:  # noqa: ANN401 -- any JSON
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == number and "method" not in message:
                return message.get("result")

    def _tell(self, method: str, params: Message) -> None:
        self._send({"method": method, "params": params})

    def _next(self) -> Message:
        """Return the next message; answer what the server itself asks."""
        while True:
            try:
                message = self._queue.get(timeout=_LONGEST)
            except Empty:
                raise AssertionError("the language server does not answer") from None
            if "id" not in message or "method" not in message:
                return message
            wanted = message["params"].get("items", ()) if message["method"] == "workspace/configuration" else None
            answer = None if wanted is None else [_settings() if each["section"] == "yaml" else {} for each in wanted]
            self._send({"id": message["id"], "result": answer})

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while head := stream.readline():
            if head.lower().startswith(b"content-length:"):
                size = int(head.partition(b":")[2])
                while stream.readline().strip():
                    pass
                self._queue.put(json.loads(stream.read(size)))


def _settings() -> dict[str, Any]:
    # No catalogue of schemas: nothing is to be asked of the network.
    store = {"schemaStore": {"enable": False, "url": ""}, "kubernetesCRDStore": {"enable": False}}
    return {"schemas": {SCHEMA.as_uri(): ["*.yaml"]}, "validate": True, "hover": True, "completion": True, **store}


@contextmanager
def editor() -> Iterator[Editor]:
    """Start the server, and end it."""
    command = [shutil.which("node") or "node", str(SERVER), "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        yield Editor(process)
        process.kill()
