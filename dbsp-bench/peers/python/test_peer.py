"""Every installed engine against an oracle of plain dictionaries; run by `python -m unittest` in this folder."""

import importlib.util
import json
import random
import struct
import subprocess
import sys
import tempfile
import unittest
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).parent
VIEWS = ("filter_map", "group_by", "join", "all")
ENGINES = [name for name in ("duckdb", "polars", "pydbsp") if importlib.util.find_spec(name)]
WORD = 2**64

Row = tuple[int, int, int]
Delta = list[tuple[int, int, int, int]]


def mix(row: tuple[int, ...]) -> int:
    """The row hash of `headline/engine.rs`, word by word."""
    a, b, c = (column % WORD for column in row)
    hashed = ((a ^ 0x9E3779B97F4A7C15) * 0xBF58476D1CE4E5B9) % WORD
    hashed = (((hashed ^ (hashed >> 32)) ^ b) * 0x94D049BB133111EB) % WORD
    hashed = (((hashed ^ (hashed >> 29)) ^ c) * 0xFF51AFD7ED558CCD) % WORD
    return hashed ^ (hashed >> 32)


def oracle(view: str, base: list[Row], dimension: list[tuple[int, int]]) -> tuple[int, str]:
    """Rows and checksum of a view, from its definition."""
    classes: dict[int, list[int]] = defaultdict(list)
    for key, class_ in dimension:
        classes[key].append(class_)
    output: Counter[tuple[int, ...]] = Counter()
    if view == "filter_map":
        output.update((id_, value // 2, 0) for id_, _, value in base if value % 2 == 0)
    elif view == "join":
        output.update((id_, value, class_) for id_, key, value in base for class_ in classes[key])
    elif view == "group_by":
        groups: dict[int, list[int]] = defaultdict(list)
        for _, key, value in base:
            groups[key % 1000].append(value)
        output.update((group, sum(values), len(values)) for group, values in groups.items())
    else:
        sums: Counter[int] = Counter()
        counts: Counter[int] = Counter()
        for _, key, value in base:
            for class_ in classes[key] if value % 2 == 0 else []:
                sums[key % 1000] += value
                counts[class_] += 1
        output.update((0, group, total) for group, total in sums.items())
        output.update((1, class_, count) for class_, count in counts.items())
    checksum = sum(weight * mix(row) for row, weight in output.items()) % WORD
    return sum(output.values()), f"{checksum:016x}"


class Process:
    """A peer in its own process, as the benchmark runs it."""

    def __init__(self, engine: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "peer.py"), engine],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: object) -> dict:
        """One request, one answer."""
        return self.send(json.dumps(request))

    def send(self, line: str) -> dict:
        """One line, one answer."""
        assert self.process.stdin and self.process.stdout
        print(line, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        """Waits for the end, which must be the end of the output too."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        rest = self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait()
        assert rest == "", f"left on stdout: {rest!r}"


def write(path: Path, words: list[int]) -> str:
    """Writes words as little-endian u64."""
    path.write_bytes(struct.pack(f"<{len(words)}Q", *(word % WORD for word in words)))
    return str(path)


class Case:
    """A small table under random changes, and the files that say so."""

    def __init__(self, folder: Path, seed: int, rows: int) -> None:
        self.folder, self.random = folder, random.Random(seed)
        self.base = [self.row(id_) for id_ in range(rows)]
        # Keys without a class, and keys with several.
        self.dimension = [(key, self.random.randrange(6)) for key in range(0, 40, 3) for _ in range(key % 4 + 1)]
        self.dimension += [(1000 + key, 7) for key in range(5)]

    def row(self, id_: int) -> Row:
        """A row; keys fall into few groups, and values cancel often."""
        key = self.random.choice((self.random.randrange(40), 1000 + self.random.randrange(40)))
        return id_, key, self.random.choice((self.random.randrange(-4, 5), self.random.randrange(-(10**12), 10**12)))

    def change(self, changes: int) -> Delta:
        """Replaces distinct rows, some by themselves."""
        delta = []
        for id_ in self.random.sample(range(len(self.base)), changes):
            old = self.base[id_]
            new = old if self.random.random() < 0.1 else self.row(id_)
            self.base[id_] = new
            delta += [(*old, -1), (*new, 1)]
        return delta

    def load(self) -> dict[str, str]:
        """Writes the tables as they are now."""
        return {
            "rows": write(self.folder / "rows", [word for row in self.base for word in row]),
            "dimension": write(self.folder / "dimension", [word for row in self.dimension for word in row]),
        }

    def turn(self, steps: list[int]) -> str:
        """Makes a change of each of so many rows, and writes them."""
        words: list[int] = []
        for changes in steps:
            delta = self.change(changes)
            words += [len(delta), *(word for row in delta for word in row)]
        return write(self.folder / "changes", words)


class PeerTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def peer(self, engine: str) -> Process:
        process = Process(engine)
        self.addCleanup(process.close)
        return process

    def check(self, answer: dict, view: str, case: Case) -> None:
        self.assertTrue(answer["ok"], answer)
        self.assertEqual((answer["rows"], answer["checksum"]), oracle(view, case.base, case.dimension))

    def test_some_engine_is_installed(self) -> None:
        self.assertTrue(ENGINES)

    def test_outputs_are_those_of_the_oracle_after_every_turn(self) -> None:
        for seed, engine in enumerate(ENGINES):
            peer = self.peer(engine)
            for view in VIEWS:
                with self.subTest(engine=engine, view=view):
                    case = Case(self.folder, seed, 300)
                    self.check(peer.ask(cmd="load", view=view, **case.load()), view, case)
                    turns = [([5], [0]), ([1, 0, 300, 7], [1, 3]), ([20] * 8, [0, 3]), ([3, 3], []), ([], [])]
                    for steps, timed in turns:
                        answer = peer.ask(cmd="turn", changes=case.turn(steps), timed=timed)
                        self.check(answer, view, case)
                        self.assertEqual(len(answer["nanos"]), len(timed))
                        self.assertTrue(all(nanos > 0 for nanos in answer["nanos"]))
                        self.assertEqual(answer["cpu_nanos"] > 0, bool(timed))

    def test_tiny_and_empty_tables(self) -> None:
        for engine in ENGINES:
            peer = self.peer(engine)
            for view in VIEWS:
                for rows in (0, 1, 2):
                    with self.subTest(engine=engine, view=view, rows=rows):
                        case = Case(self.folder, rows, rows)
                        self.check(peer.ask(cmd="load", view=view, **case.load()), view, case)
                        turn = case.turn([rows, 0, rows])
                        self.check(peer.ask(cmd="turn", changes=turn, timed=[0, 1]), view, case)

    def test_errors_are_answers_and_the_peer_goes_on(self) -> None:
        for engine in ENGINES:
            with self.subTest(engine=engine):
                peer, case = self.peer(engine), Case(self.folder, 1, 50)
                files = case.load()
                torn = write(self.folder / "torn", [3, 1, 2])
                for answer in (
                    peer.send("no json"),
                    peer.send("[]"),
                    peer.ask(cmd="turn", changes=case.turn([]), timed=[]),
                    peer.ask(cmd="load", view="none", **files),
                    peer.ask(cmd="load", view="join", rows="/nowhere", dimension="/nowhere"),
                ):
                    self.assertFalse(answer["ok"])
                    self.assertTrue(answer["error"])
                self.check(peer.ask(cmd="load", view="join", **files), "join", case)
                self.assertFalse(peer.ask(cmd="turn", changes=torn, timed=[])["ok"])
                self.assertFalse(peer.ask(cmd="turn", changes=case.turn([]), timed=[0])["ok"])
                self.check(peer.ask(cmd="turn", changes=case.turn([4]), timed=[0]), "join", case)
                answer = peer.ask(cmd="quit")
                self.assertTrue(answer["ok"])
                self.assertGreater(answer["peak_rss_bytes"], 1_000_000)

    @unittest.skipUnless("pydbsp" in ENGINES, "pydbsp is not installed")
    def test_pydbsp_keeps_as_much_after_many_steps_as_after_few(self) -> None:
        from inputs import read_changes, read_dimension, read_rows
        from pydbsp_engine import PyDbsp

        for view in VIEWS:
            with self.subTest(view=view):
                case = Case(self.folder, 5, 100)
                files = case.load()
                rows, dimension = read_rows(Path(files["rows"])), read_dimension(Path(files["dimension"]))
                engine, sizes = PyDbsp(view, rows, dimension), []
                for change in read_changes(Path(case.turn([10] * 20))):
                    engine.step(engine.prepare(change))
                    sizes.append(engine.evaluator.storage.size())
                self.assertEqual(sizes[2], sizes[-1])


if __name__ == "__main__":
    unittest.main()
