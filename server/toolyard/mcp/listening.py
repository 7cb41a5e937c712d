"""The address a server listens on, and whether it may."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager

from toolyard.errors import StartError


def checked_bind(host: str, *, authenticated: bool, named: bool) -> bool:
    """Whether `host` is loopback only; beyond loopback, tokens and host names are needed.

    Raises:
        StartError: it is public and one of them is missing, or it is no address at all.
    """
    if all(ipaddress.ip_address(address).is_loopback for address in _addresses(host)):
        return True
    if not authenticated:
        raise StartError(f"{host} can be reached from other machines: set auth.tokens, or listen on 127.0.0.1")
    if not named:
        raise StartError(f"{host} can be reached from other machines: name it in auth.allowed_hosts")
    return False


@contextmanager
def listening(host: str, port: int) -> Generator[socket.socket]:
    """A listening socket; port 0 takes a free one.

    Raises:
        StartError: the port is taken, or not to be had.
    """
    family = socket.AF_INET6 if ":" in _addresses(host)[0] else socket.AF_INET
    try:
        door = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise StartError(
            f"cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}; choose another with --port"
        ) from error
    with door:
        yield door


def url_of(door: socket.socket, host: str, path: str) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{door.getsockname()[1]}{path}"


def _addresses(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise StartError(f"{host!r} is no address of this machine: {error.strerror}") from error
    except UnicodeError as error:  # a label of a host name is empty or too long
        raise StartError(f"{host!r} is no address of this machine: it is no host name either") from error
    return [str(address[0]).partition("%")[0] for *_, address in found]
