"""Where output goes: results to standard output, progress and errors beside it."""

from rich.console import Console

#: Columns where no terminal says how many it has, as in a file.
WIDTH = 120

results = Console()
if not results.is_terminal:
    results = Console(width=WIDTH)
errors = Console(stderr=True)
