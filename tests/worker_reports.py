"""What a worker of xdist reports of a test: how it went, and of its setup and its teardown only what is worth a word.

Of each test pytest makes three reports, and xdist hands each to the process that prints them. For a test that passed
two of them say nothing; handing them over takes as long as all else that pytest does for a short test.
"""

import pytest
from _pytest.runner import runtestprotocol


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test as pytest does, without its word at the beginning and the end: nobody shows what a worker does now."""
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed or report.sections or report.user_properties:
            item.ihook.pytest_runtest_logreport(report=report)
    return True
