"""HTTP to addresses that were checked before: a host's name is not looked up again, an answer is not read for ever."""

from collections.abc import AsyncIterator

import httpx2


class TooLong(httpx2.StreamError):
    """The answer is larger than was allowed, or packed so that its size cannot be told."""


class Pinned(httpx2.AsyncHTTPTransport):
    """Connects to the first of `addresses` that answers, whatever host a request names.

    Beside, it remembers how the server failed, which the library on top does not tell.
    """

    def __init__(self, addresses: list[str], max_bytes: int):
        super().__init__(trust_env=False)
        self.addresses, self.max_bytes = addresses, max_bytes
        self.unreachable = self.too_long = False
        self.status = 200  # the last that was no success

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._sent(request)
        if response.status_code >= 300:
            self.status = response.status_code
        if response.headers.get("content-encoding", "identity") != "identity":
            self.too_long = True
            raise TooLong("packed")
        response.stream = _Bounded(response.stream, self)  # type: ignore[arg-type]
        return response

    async def _sent(self, request: httpx2.Request) -> httpx2.Response:
        extensions = {**request.extensions, "sni_hostname": request.url.host}
        request.headers["accept-encoding"] = "identity"
        for address in self.addresses:
            there = httpx2.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
            try:
                return await super().handle_async_request(there)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failed = error
        self.unreachable = True
        raise failed


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, owner: Pinned):
        self.stream, self.owner = stream, owner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for part in self.stream:
            read += len(part)
            if read > self.owner.max_bytes:
                self.owner.too_long = True
                raise TooLong("long")
            yield part

    async def aclose(self) -> None:
        await self.stream.aclose()
