"""What is imported when it is used: once, and whole, however many threads ask for it at the same moment."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowforge.on_demand import load

SLOW = """
import threading
threading.main_thread().begun.set()
threading.main_thread().goes_on.wait(60)
whole = True
"""


def test_a_module_that_another_thread_imports_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a module is never given: what it lacks failed writes of threads that all sealed their first value."""
    (tmp_path / "made_up_slow.py").write_text(SLOW, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    begun, goes_on = threading.Event(), threading.Event()
    vars(threading.main_thread()).update(begun=begun, goes_on=goes_on)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(load, "made_up_slow")
        assert begun.wait(60)
        second = pool.submit(lambda: load("made_up_slow").whole)
        goes_on.set()
        assert (True, True) == (second.result(60), first.result(60).whole)
    del sys.modules["made_up_slow"]
