"""A server whose stack is looked at every so often of the time that it computes: what the table of layers is made of.

A profiler that hears of every call would make cheap functions dear. The first SIGUSR1 begins the samples, the second
one writes them: a line for each stack that was seen, its count and the files of its frames, the innermost first.
"""

import collections
import os
import runpy
import signal
import sys
from pathlib import Path
from types import FrameType

SAMPLE_SECONDS = 0.001
OUTPUT_NAME = "SAMPLES_FILE"

seen: collections.Counter[tuple[str, ...]] = collections.Counter()


def sample(_: int, frame: FrameType | None) -> None:
    """Take one sample."""
    files = []
    while frame is not None:
        files.append(frame.f_code.co_filename)
        frame = frame.f_back
    seen[tuple(files)] += 1


def switch(_: int, __: FrameType | None) -> None:
    """Begin, or write what was seen."""
    if signal.getitimer(signal.ITIMER_PROF)[1]:
        signal.setitimer(signal.ITIMER_PROF, 0)
        lines = ["\t".join([str(count), *files]) for files, count in seen.items()]
        Path(os.environ[OUTPUT_NAME]).write_text("\n".join(lines))
    else:
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)


if __name__ == "__main__":
    signal.signal(signal.SIGPROF, sample)
    signal.signal(signal.SIGUSR1, switch)
    sys.argv = sys.argv[1:]
    if sys.argv[0] == "-m":
        sys.argv = sys.argv[1:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")
