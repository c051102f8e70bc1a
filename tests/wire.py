"""A transport whose server is a function of the test's, for where the exact HTTP is the point."""

from collections.abc import Callable

import httpx

Handler = Callable[[httpx.Request], httpx.Response]


def answering(handler: Handler) -> httpx.BaseTransport:
    """Return a transport that hands each request to a function, and its answer's body back as one to be read.

    httpx has read the bodies of answers that are made of content already; the client reads them itself, with bounds.
    """

    def handle(request: httpx.Request) -> httpx.Response:
        answer = handler(request)
        if not answer.is_stream_consumed:
            return answer
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))

    return httpx.MockTransport(handle)
