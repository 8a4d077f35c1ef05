"""One case in a process of its own: ``python -m tests.benchmarks.child module:function '[arguments]'``.

The function prepares (imports, connects) and returns what is timed; what that returns is described
afterwards. Printed is a line of JSON: seconds, the process's largest resident set, and the description.
"""

import json
import resource
import sys
import time
from importlib import import_module


def main() -> None:
    """Run the case that the command line names."""
    module, _, name = sys.argv[1].partition(":")
    timed, described = getattr(import_module(module), name)(*json.loads(sys.argv[2]))
    started = time.perf_counter()
    value = timed()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "peak": peak, "value": described(value)}))


if __name__ == "__main__":
    main()
