"""``roadside health``: whether a server serves, for probes."""

from typing import Annotated

import grpc
import typer

from roadside_cli.console import results as output
from roadside_cli.extras import server_library

TIMEOUT = 5.0  # s
NOT_SERVING = 1

app = typer.Typer()


@app.command()
def health(
    server: Annotated[
        str, typer.Option(envvar="ROADSIDE_SERVER", metavar="HOST:PORT", help="Server to ask.")
    ] = "127.0.0.1:50051",
) -> None:
    """Say whether a server serves: exits with 0 if it does, else with 1."""
    messages = server_library("grpc_health.v1.health_pb2")
    wire = server_library("grpc_health.v1.health_pb2_grpc")
    with grpc.insecure_channel(server) as channel:
        try:
            request = messages.HealthCheckRequest()
            status = wire.HealthStub(channel).Check(request, timeout=TIMEOUT).status
        except grpc.RpcError as error:
            status = error.code()
    serves = status == messages.HealthCheckResponse.SERVING
    name = getattr(status, "name", None) or messages.HealthCheckResponse.ServingStatus.Name(status)
    output.print(f"{server}: {name}", highlight=False)
    raise typer.Exit(0 if serves else NOT_SERVING)
