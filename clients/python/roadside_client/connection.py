"""How to reach a server: its address, deadlines, and the options of the channel."""

from dataclasses import dataclass

import grpc

#: One chunk may be up to 16 MiB; gRPC itself refuses more than 4 MiB a message.
MAX_MESSAGE = 64 * 1024 * 1024
#: Seconds between signs of life during a call, and how long to wait for the answer.
KEEP_ALIVE, KEEP_ALIVE_TIMEOUT = 30, 20

CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.keepalive_time_ms", KEEP_ALIVE * 1000),
    ("grpc.keepalive_timeout_ms", KEEP_ALIVE_TIMEOUT * 1000),
)


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a server is and how long to wait for it; can be pickled, unlike a channel.

    Attributes
    ----------
    address : str
        "host:port", or "unix:/path/to/socket".
    timeout : float
        Deadline (s) of every call but a run.
    run_timeout : float
        Deadline (s) of a run, from its first to its last message.
    root_certificates : bytes or None
        PEM certificates that vouch for the server; None: no encryption.
    """

    address: str
    timeout: float = 30.0
    run_timeout: float = 3600.0
    root_certificates: bytes | None = None

    def channel(self) -> grpc.Channel:
        """A channel for blocking calls."""
        if self.root_certificates is None:
            return grpc.insecure_channel(self.address, CHANNEL_OPTIONS)
        credentials = grpc.ssl_channel_credentials(self.root_certificates)
        return grpc.secure_channel(self.address, credentials, CHANNEL_OPTIONS)

    def async_channel(self) -> grpc.aio.Channel:
        """A channel for calls on the running event loop."""
        if self.root_certificates is None:
            return grpc.aio.insecure_channel(self.address, CHANNEL_OPTIONS)
        credentials = grpc.ssl_channel_credentials(self.root_certificates)
        return grpc.aio.secure_channel(self.address, credentials, CHANNEL_OPTIONS)
