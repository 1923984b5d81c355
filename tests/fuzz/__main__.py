"""`python -m tests.fuzz`: a while for each parser; what fails is shown, kept, and makes the command fail."""

import argparse
import hashlib
import os
import sys
import time
from pathlib import Path

import django


def main() -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from .running import Failure, check, hunt
    from .targets import TARGETS

    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(names)}; all where none is named")
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together (default 60)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed makes the same inputs")
    parser.add_argument("--keep", type=Path, default=Path("var/fuzz"), help="where inputs that fail are put (default var/fuzz)")
    parser.add_argument("--input", type=Path, help="run this one file against the target named, and nothing else")
    asked = parser.parse_args()
    if unknown := set(asked.targets) - set(names):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    chosen = [target for target in TARGETS if not asked.targets or target.name in asked.targets]

    def report(failure: Failure) -> None:
        asked.keep.mkdir(parents=True, exist_ok=True)
        path = asked.keep / f"{failure.target}-{hashlib.sha256(failure.data).hexdigest()[:12]}"
        path.write_bytes(failure.data)
        print(
            f"\n{failure.target}: {failure.where}\n  input ({len(failure.data)} octets, in {path}): {failure.data[:300]!r}\n{failure.trace}"
        )

    if asked.input is not None:
        if len(asked.targets) != 1:
            parser.error("--input needs the one target it is for")
        found = check(chosen[0], asked.input.read_bytes())
        print(found.trace if found is not None else "nothing wrong")
        return int(found is not None)
    print(f"seed {asked.seed}", flush=True)
    total = 0
    for target in chosen:
        count, failures = hunt(target, seed=asked.seed, seconds=asked.seconds / len(chosen))
        print(f"{target.name:12} {count:>9,} inputs, {len(failures)} faults", flush=True)
        for failure in failures:
            report(failure)
        total += len(failures)
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
