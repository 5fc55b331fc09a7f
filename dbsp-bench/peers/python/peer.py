"""A Python peer of the headline benchmark, asked over stdin and answering over stdout.

Started as `python peer.py ENGINE`; one JSON object a line each way (README.md has the protocol).
"""

import gc
import importlib
import json
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np

from inputs import Change, Dimension, Output, Rows, Unsigned, read_changes, read_dimension, read_rows

VIEWS = ("filter_map", "group_by", "join", "all")
ENGINES = {
    "duckdb": ("duckdb_engine", "DuckDb"),
    "polars": ("polars_engine", "Polars"),
    "pydbsp": ("pydbsp_engine", "PyDbsp"),
}


class Engine(Protocol):
    """An engine with one view, its base loaded by the constructor: `Engine(view, rows, dimension)`."""

    recomputes: bool
    """Whether `read` gives the whole output (else: the delta of the last step, and every step is taken)."""

    def prepare(self, change: Change) -> Any:
        """Converts a change into the engine's own form, outside the clock."""

    def follow(self, prepared: Any) -> None:
        """Takes in a change of which the output is not asked for."""

    def step(self, prepared: Any) -> int:
        """The timed part: takes in a change, brings the output up to date, and touches it."""

    def refresh(self) -> None:
        """Brings the output up to date after `follow`, outside the clock."""

    def read(self) -> list[Output]:
        """The output, or the last step's delta, in the common form."""


@dataclass
class Outcome:
    """An output, integrated over all steps."""

    rows: int = 0
    """The sum of the weights."""
    checksum: int = 0
    """The sum of weight times hash of row, modulo 2^64: no order of rows changes it."""

    def add(self, output: Output) -> None:
        """Adds the rows of an output."""
        self.rows += int(output.weights.sum())
        hashes = mix(*output.columns) * output.weights.view(np.uint64)
        self.checksum = (self.checksum + int(hashes.sum(dtype=np.uint64))) % 2**64

    def fields(self) -> dict[str, Any]:
        """The outcome as fields of an answer."""
        return {"rows": self.rows, "checksum": f"{self.checksum:016x}"}


def mix(a: Unsigned, b: Unsigned, c: Unsigned) -> Unsigned:
    """A hash in which every column counts in its place: that of `headline/engine.rs`, which wraps as this does."""
    word = np.uint64
    hashes = (a ^ word(0x9E37_79B9_7F4A_7C15)) * word(0xBF58_476D_1CE4_E5B9)
    hashes = ((hashes ^ (hashes >> word(32))) ^ b) * word(0x94D0_49BB_1331_11EB)
    hashes = ((hashes ^ (hashes >> word(29))) ^ c) * word(0xFF51_AFD7_ED55_8CCD)
    return hashes ^ (hashes >> word(32))


def make(name: str, view: str, rows: Rows, dimension: Dimension) -> Engine:
    """Makes an engine; its packages are imported here, so that the others need not be installed."""
    if view not in VIEWS:
        raise ValueError(f"no view {view!r}: one of {', '.join(VIEWS)}")
    module, kind = ENGINES[name]
    return getattr(importlib.import_module(module), kind)(view, rows, dimension)


class Peer:
    """An engine between commands, with its output integrated so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.engine: Engine | None = None
        self.outcome = Outcome()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Does what one request asks; raises when it cannot."""
        match request["cmd"]:
            case "load":
                return self.load(request["view"], Path(request["rows"]), Path(request["dimension"]))
            case "turn":
                return self.turn(Path(request["changes"]), request["timed"])
            case "quit":
                return {"peak_rss_bytes": peak_rss_bytes()}
            case other:
                raise ValueError(f"no command {other!r}")

    def load(self, view: str, rows: Path, dimension: Path) -> dict[str, Any]:
        """Makes the engine anew over a base."""
        self.engine = None
        self.engine = make(self.name, view, read_rows(rows), read_dimension(dimension))
        # What was loaded stays: the collector of cycles need not walk it between steps.
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self.outcome = Outcome()
        self._integrate()
        return self.outcome.fields()

    def turn(self, path: Path, timed: list[int]) -> dict[str, Any]:
        """Takes the steps of one turn, and times some; times are nanoseconds.

        A change is converted just before its step, outside the clock. CPU time is that of all threads.
        """
        engine = self.engine
        if engine is None:
            raise ValueError("a turn before a load")
        changes = read_changes(path)
        if sorted(set(timed)) != timed or any(not 0 <= step < len(changes) for step in timed):
            raise ValueError(f"timed is not an ascending list of steps of {len(changes)}")
        nanos, cpu_nanos, is_current, asked = [], 0, True, set(timed)
        try:
            for step, change in enumerate(changes):
                prepared = engine.prepare(change)
                if step in asked:
                    # As `timeit` does: the collector of cycles took 12 of the 72 ms of PyDBSP's join (CPU).
                    gc.disable()
                    cpu_start = time.process_time_ns()
                    start = time.perf_counter_ns()
                    engine.step(prepared)
                    nanos.append(time.perf_counter_ns() - start)
                    cpu_nanos += time.process_time_ns() - cpu_start
                    gc.enable()
                    is_current = True
                else:
                    engine.follow(prepared)
                    is_current = False
                if not engine.recomputes:
                    self._integrate()
        except Exception:
            # The engine may hold half a step: nothing that it says from here on can be believed.
            self.engine = None
            raise
        finally:
            gc.enable()
        if engine.recomputes:
            if not is_current:
                engine.refresh()
            self.outcome = Outcome()
            self._integrate()
        return {"nanos": nanos, "cpu_nanos": cpu_nanos, **self.outcome.fields()}

    def _integrate(self) -> None:
        assert self.engine is not None
        for output in self.engine.read():
            self.outcome.add(output)


def peak_rss_bytes() -> int:
    """The most memory this process has held, interpreter and packages included.

    `VmHWM`, for Linux lets `ru_maxrss` start from the size of the process that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        scale = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def serve(peer: Peer, requests: TextIO, answers: TextIO) -> None:
    """Answers requests until one is to quit, or until there are no more."""
    for line in requests:
        is_last = False
        try:
            request = json.loads(line)
            answer = {"ok": True, **peer.answer(request)}
            is_last = request["cmd"] == "quit"
        except Exception as error:  # Whatever it is, the one who asks must hear of it.
            message = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            answer = {"ok": False, "error": message}
        print(json.dumps(answer), file=answers, flush=True)
        if is_last:
            return


def main(arguments: list[str]) -> int:
    """Runs the peer that the command line names."""
    # Answers keep stdout to themselves: whatever a package prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if len(arguments) != 1 or arguments[0] not in ENGINES:
        message = f"usage: peer.py {'|'.join(ENGINES)}"
        print(json.dumps({"ok": False, "error": message}), file=answers, flush=True)
        return 2
    serve(Peer(arguments[0]), sys.stdin, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
