"""The tools of a running MCP server, asked over streamable HTTP: on this machine only, unless remote is allowed.

A host's name is looked up once and the connection goes to the address that was checked, so that a name which changes
its meaning in between leads nowhere. Redirects to other hosts are not followed, proxies not used.
"""

import ipaddress
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult, urlsplit

from core.errors import StudioError
from core.importers.outcome import ToolsRead
from core.importers.tool_formats import json_tools
from core.importers.tool_formats.definition import MAX_TOOLS
from core.importers.tools import MAX_BYTES, collected

CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 30.0
MAX_PAGES = 50
PORTS = {"http": 80, "https": 443}
INSTEAD = "Or save its answer to tools/list and bring that file."


def fetch_tools(url: str, allow_remote: bool = False) -> ToolsRead:
    """The tools that an MCP server lists, all pages of them.

    Raises StudioError where the address may not be asked, nothing answers in time, or what answers is no MCP server.
    """
    import anyio

    parts = _split(url)
    addresses = _addresses(parts, allow_remote)
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # it logs tracebacks of what is said in a StudioError
    with ThreadPoolExecutor(
        1
    ) as thread:  # the caller's may run an event loop of its own, as a notebook's does
        tools, whole = thread.submit(anyio.run, _listed, parts.geturl(), addresses).result()
    notes = []
    if not whole or len(tools) > MAX_TOOLS:
        notes.append(f"The server's list goes on; its first {min(len(tools), MAX_TOOLS):,} tools were read.")
    understood = replace(json_tools.understand({"tools": tools[:MAX_TOOLS]}), format="MCP server")
    return collected(understood, notes)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in PORTS and parts.hostname and parts.port != 0 and parts.username is None
    except ValueError:
        usable = False
    if not usable:
        raise StudioError(
            "This is no address of an MCP server.", "It looks like http://127.0.0.1:8000/mcp.", "address"
        )
    return parts


def _addresses(parts: SplitResult, allow_remote: bool) -> list[str]:
    """What the host's name stands for. Raises StudioError where that is nothing, or not this machine."""
    host = str(parts.hostname)
    try:
        found = socket.getaddrinfo(host, parts.port or PORTS[parts.scheme], type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise StudioError(f"There is no host called {host[:80]}.", "Check the address.", "address") from error
    addresses = [*dict.fromkeys(str(entry[4][0]) for entry in found)]
    if not allow_remote and not all(_is_here(address) for address in addresses):
        raise StudioError(
            f"{host[:80]} is not this machine, and only MCP servers on it are asked.",
            f"Start the server here. {INSTEAD}",
            "address",
        )
    return addresses


def _is_here(address: str) -> bool:
    here = ipaddress.ip_address(address.split("%")[0])
    mapped = here.ipv4_mapped if isinstance(here, ipaddress.IPv6Address) else None
    return (mapped or here).is_loopback


async def _listed(url: str, addresses: list[str]) -> tuple[list[dict[str, Any]], bool]:
    """The tools of all pages, and whether there were no more."""
    import anyio
    import httpx2
    from mcp import Client, MCPError
    from mcp.client.streamable_http import streamable_http_client
    from pydantic import ValidationError

    from core.importers.pinned_http import Pinned

    transport = Pinned(addresses, MAX_BYTES)
    limits = httpx2.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS)
    tools: list[dict[str, Any]] = []
    cursor: str | None = None
    try:
        with anyio.fail_after(TOTAL_SECONDS):
            async with (
                httpx2.AsyncClient(transport=transport, timeout=limits, trust_env=False) as http,
                Client(streamable_http_client(url, http_client=http), cache=None) as client,
            ):
                for _ in range(MAX_PAGES):
                    page = await client.list_tools(cursor=cursor)
                    tools += [
                        tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools
                    ]
                    cursor = page.next_cursor
                    if not cursor or len(tools) > MAX_TOOLS:
                        break
    except Exception as error:
        known = (TimeoutError, httpx2.HTTPError, httpx2.StreamError, MCPError, ValidationError, RuntimeError)
        causes = [*_causes(error)]
        if not all(isinstance(cause, known) for cause in causes):
            raise
        slow = any(isinstance(cause, TimeoutError | httpx2.ReadTimeout) for cause in causes)
        raise _failure(transport, slow) from error
    return tools, not cursor


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _causes(part)
    else:
        yield error


def _failure(transport: Any, slow: bool) -> StudioError:
    """What to tell of a server that gave no list."""
    if transport.unreachable:
        said = "Nothing answers at this address.", "Start the server, or check the address."
    elif slow:
        said = f"The server took longer than {TOTAL_SECONDS:.0f} seconds.", f"Try again. {INSTEAD}"
    elif transport.too_long:
        said = f"The server's answer is larger than {MAX_BYTES / 1e6:.0f} MB, or packed.", INSTEAD
    elif transport.status in (401, 403):
        said = "The server asks for authorisation, which cannot be given here.", INSTEAD
    elif 300 <= transport.status < 400:
        said = "The server sends on to another address.", "Give that address, if it is the one you mean."
    else:
        said = "What answers at this address is no MCP server.", "Check the address; most end in /mcp."
    return StudioError(*said, "address")
