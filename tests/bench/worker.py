"""One client of the benchmark: makes its operation once, then repeats it for as long as it is told.

`python -m tests.bench.worker MODULE:FUNCTION PARAMETERS` answers each line of JSON on stdin with one.
"""

import gc
import importlib
import itertools
import json
import sys
import time
from array import array
from collections.abc import Callable

# One call; answers how many operations it was (a batch of 100 is 100).
Operation = Callable[[], int]


def measure(operation: Operation, *, seconds: float, calls_max: int, every_s: float) -> dict[str, object]:
    """Repeat `operation` for `seconds` or `calls_max` calls, one an `every_s`; latencies in µs a call."""
    latencies = array("d")
    operations = 0
    cpu = time.process_time()
    started = now = time.perf_counter()
    while now - started < seconds and len(latencies) < calls_max:
        began = now
        operations += operation()
        now = time.perf_counter()
        latencies.append((now - began) * 1e6)
        rest = began + every_s - now
        if rest > 0:
            time.sleep(rest)
            now = time.perf_counter()
    return {
        "operations": operations,
        "seconds": now - started,
        "cpu": time.process_time() - cpu,
        "latencies": [round(latency, 1) for latency in latencies],
    }


def main() -> None:
    module, _colon, function = sys.argv[1].partition(":")
    operation: Operation = getattr(importlib.import_module(module), function)(**json.loads(sys.argv[2]))
    gc.freeze()
    for line in itertools.chain([""], sys.stdin):
        answer = measure(operation, **json.loads(line)) if line.strip() else {"ready": True}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
