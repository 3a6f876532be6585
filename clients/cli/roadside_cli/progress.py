"""A bar that follows a run."""

from collections.abc import Iterator

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from roadside.v1 import scenario_service_pb2 as messages
from roadside_client import Event, Run, TileData

from roadside_cli.console import errors


def followed(run: Run) -> Iterator[Event]:
    """Yield the events of a run, and show how far it is."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} tiles  {task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("waiting", total=0, rate="")
        for event in run.events():
            _advance(bar, task, event)
            yield event


def _advance(bar: Progress, task: TaskID, event: Event) -> None:
    match event:
        case messages.ResultMetadata():
            bar.update(task, total=event.tiles, description="computing")
        case TileData():
            bar.advance(task)
        case messages.Progress() if event.queued_before:
            bar.update(task, description=f"queued, {event.queued_before} before")
        case messages.Progress() if event.seconds:
            rate = f"{event.pairs / event.seconds / 1e6:,.0f} million pairs/s"
            bar.update(task, description="computing", rate=rate)
        case _:
            pass
