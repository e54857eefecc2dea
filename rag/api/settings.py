"""Which settings does serving have? One frozen object, built once in the face and passed down."""

from __future__ import annotations

import ipaddress
import math

from pydantic import BaseModel, ConfigDict, Field, SecretStr

__all__ = ["ApiConfig", "is_loopback"]


class ApiConfig(BaseModel):
    """Settings of the server; frozen, unknown names are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    token: SecretStr | None = Field(default=None, min_length=1, description="What a client must show to be answered.")
    names: tuple[str, ...] = Field(
        default=(), description="Names, besides its own address, under which a server on loopback may be called."
    )
    public_url: str | None = Field(
        default=None, description="Address that links to articles begin with; that of the request when None."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Processes that answer; each has threads and waiting.")
    rate: int = Field(default=600, ge=0, description="Requests that one client may make per minute; 0 for any number.")
    burst: int = Field(default=120, ge=1, description="Of these, how many at once.")
    threads: int = Field(default=2, ge=1, le=64, description="Questions that are answered at the same time.")
    waiting: int = Field(default=100, ge=0, description="Questions that may wait for that; further ones are refused.")
    largest_body: int = Field(default=1 << 20, ge=1024, description="Bytes of one request.")
    largest_upload: int = Field(default=64 << 20, ge=1024, description="Bytes of one request to a mounted window.")
    proxy: str | None = Field(
        default=None, description="A proxy whose X-Forwarded-For is believed; without one nobody is: anyone may lie."
    )
    connections: int = Field(default=600, ge=1, description="Connections that may be open, per process.")
    connections_per_client: int = Field(default=120, ge=1, description="Of these, how many of one client.")
    grace: int = Field(default=10, ge=0, description="Seconds that questions at work get when the server is stopped.")
    log_questions: bool = Field(default=False, description="Write the text of questions into the log.")

    def share(self) -> ApiConfig:
        """The settings of one worker: a client's requests are counted by each for itself, so it gets its part of them.

        Together they never grant more than was set, and a client that keeps to what a worker tells is never refused.

        Example:
            >>> part = ApiConfig(rate=600, burst=120, workers=4).share()
            >>> part.rate, part.burst, part.threads
            (150, 30, 2)
        """
        parts = {name: math.ceil(getattr(self, name) / self.workers) for name in ("rate", "burst")}
        return self.model_copy(update=parts)


def is_loopback(host: str) -> bool:
    """Whether only programs of the same machine reach an address.

    Example:
        >>> is_loopback("[::1]"), is_loopback("0.0.0.0")
        (True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
