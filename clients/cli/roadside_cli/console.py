"""Where output goes: results to standard output, progress and errors beside it."""

from rich.console import Console

results = Console()
errors = Console(stderr=True)
