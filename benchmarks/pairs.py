"""Pairs of receptor and piece of road a second; the same as ``roadside bench pairs``.

``python benchmarks/pairs.py --device cpu --json`` prints one line of JSON last; ``--out FILE``
keeps it.
"""

import argparse
import json
from pathlib import Path

from roadside_cli.benchmarks.pairs import SEGMENTS, pairs_benchmark


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--receptors", type=int, help="instead of what fills the device")
    parser.add_argument("--segments", type=int, default=SEGMENTS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="only the line of JSON")
    parser.add_argument("--out", type=Path, help="also write the figures to a file")
    options = parser.parse_args()
    figures = pairs_benchmark(options.device, options.receptors, options.segments, options.repeats)
    if options.out:
        options.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if not options.json:
        print(f"{figures['pairs_per_second'] / 1e6:.0f} million pairs a second on {options.device}")
        print(f"{figures['speedup_over_numpy']:.0f} times plain NumPy")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
