"""Whether the requests of a thread have changed something at GitHub, whatever was raised since they were sent."""

import threading


class Trace(threading.local):
    """`left`: whether what this thread sent since it set that to false changed something, or may have.

    A write that GitHub refused changed nothing. One without an answer may have, and so may one whose answer was not
    read.
    """

    # Of each thread by itself: an exception that nobody foresaw carries no mark of its own, as a GitHubError does.

    left = False
