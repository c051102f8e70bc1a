"""What each thread's own requests have left at GitHub, whatever was raised since they were sent."""

import threading


class Trace(threading.local):
    """Whether what this thread sent since it last set `left` to false changed something, or may have.

    A write that GitHub refused leaves nothing; one that got no answer may have left something, and so may one whose
    answer nobody came to read.
    """

    left = False
