"""One case in a process of its own: ``python -m tests.benchmarks.child module:function '[arguments]'``.

The function prepares (imports, connects) and returns what is timed; what that returns is described
afterwards. Printed is a line of JSON: seconds, seconds of CPU (of its children too), the largest resident
set of the process, and the description.
"""

import json
import resource
import sys
import time
from importlib import import_module


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """Run the case that the command line names."""
    module, _, name = sys.argv[1].partition(":")
    timed, described = getattr(import_module(module), name)(*json.loads(sys.argv[2]))
    started, cpu = time.perf_counter(), _cpu()
    value = timed()
    seconds, cpu = time.perf_counter() - started, _cpu() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "value": described(value)}))


if __name__ == "__main__":
    main()
