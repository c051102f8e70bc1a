"""The engine that learns from branch coverage: libFuzzer, through atheris."""

import importlib
import sys
import time
from pathlib import Path
from typing import NoReturn

import atheris

from fuzz.target import SECONDS_FOR_ONE, Target


def _target(table: str, name: str) -> Target:
    # What is imported here is instrumented, so nothing of FlowForge may be imported before.
    with atheris.instrument_imports(include=["flowforge", table]):
        found: Target = importlib.import_module(table).TARGETS[name]
    return found


def fuzz(table: str, name: str, seconds: int, folder: Path, seed: int) -> NoReturn:
    """Fuzz one target for so long; the corpus and what breaks the law are kept in `folder`. Ends the process.

    The seconds count from here: instrumenting what is imported takes several of them.
    """
    begun = time.monotonic()
    target = _target(table, name)
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, begun_with in enumerate(target.seeds()):
        (corpus / f"seed-{number:03}").write_bytes(begun_with[: target.longest])
    options: dict[str, object] = {
        "artifact_prefix": f"{folder}/",
        "max_len": target.longest,
        "max_total_time": max(1, round(seconds - (time.monotonic() - begun))),
        "print_final_stats": 1,
        "rss_limit_mb": 2048,
        "seed": seed,
        "timeout": SECONDS_FOR_ONE,
    }
    if target.words:  # an empty dictionary is an error
        options["dict"] = folder / "words"
        (folder / "words").write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
    argv = [sys.argv[0], *(f"-{option}={value}" for option, value in options.items()), str(corpus)]
    atheris.Setup(argv, target.law)
    atheris.Fuzz()
    sys.exit()


def _escaped(word: str) -> str:
    return "".join(
        char if char.isalnum() and char.isascii() else f"\\x{byte:02x}" for char in word for byte in char.encode()
    )
