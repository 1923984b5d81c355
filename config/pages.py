"""Django's pages, synchronous and in threads, behind the ASGI server.

a2wsgi does the work. What is here hands a page that is whole to the loop in one step, where the
library takes three, in each of which one thread waits for another.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi.wsgi import WSGIResponder
from a2wsgi.wsgi_typing import Environ, StartResponse, WSGIApp


class Pages:
    """An ASGI application. `threads` pages are worked on at a time."""

    def __init__(self, application: WSGIApp, *, threads: int) -> None:
        self._application = application
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="pages")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await _Responder(self._application, self._executor, 10)(scope, receive, send)


class _Responder(WSGIResponder):
    def wsgi(self, environ: Environ, start_response: StartResponse) -> None:
        head: list[Any] = []

        def keep_head(*values: Any) -> Any:
            head[:] = values
            return None  # Django never calls what this could be

        response: Any = self.app(environ, keep_head)
        try:
            if response.streaming:
                start_response(*head)
                for chunk in response:
                    self.send({"type": "http.response.body", "body": chunk, "more_body": True})
                self.send({"type": "http.response.body", "body": b""})
            else:
                self.loop.call_soon_threadsafe(self._put, head, b"".join(response))
        finally:
            # What is to be done after the answer is done here, while the loop sends it.
            response.close()

    def _put(self, head: list[Any], body: bytes) -> None:
        status, headers = head[:2]
        named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self.send_queue.put_nowait({"type": "http.response.start", "status": int(status[:3]), "headers": named})
        self.send_queue.put_nowait({"type": "http.response.body", "body": body})
