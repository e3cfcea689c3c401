"""Random requests to adorm's engine and to other DynamoDBs, answers compared: `make fuzz`.

    python -m tests.conformance.fuzz                       a minute, a fresh seed
    python -m tests.conformance.fuzz --seed S --seconds 600

The fuzzer itself is `difffuzz`, which is not part of this repository: ADORM_SHARED names the folder
that holds it, or it lies in `shared` beside the checkout. The judges are ministack, which always
runs, and dynoxide where it is installed (ADORM_DYNOXIDE, or on the PATH).

With both, only requests that they answer alike count: 99.9 % of them must be answered so by the
engine too, and 99 % to the word. With ministack alone, which checks little, what counts is that the
engine accepts no request that ministack refuses, and that answers and tables hold the same: in
99.9 % of the requests. What is known of the judges' own faults is in `known/difffuzz-*.json`:
operation, category, start of the difference, the source that says so, and, where only some requests
are meant, what the request holds.

No request may crash the engine. Of the tables and indexes at the end of a sequence none may differ;
with ministack alone, which now and then stores what it should not, one in two hundred may. Ends
with 1 where one of this fails, and with 2 where a judge does not start.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import attrs

from tests.conformance import endpoints, judges
from tests.support.ministack import MinistackMissing, ministack

KNOWN = Path(__file__).parent / "known"
WORDS = {"message", "envelope"}
LAX_JUDGE = {"refuses-valid", "code", "message", "envelope", "error-data"}
"""What says nothing where ministack alone judges: it accepts much, and checks in another order."""
STEPS = 30
SHOWN = 20
CUT_DOWN = 5

Kind = tuple[str, str, str]


class Known(NamedTuple):
    """A difference that is the judges' own fault."""

    operation: str
    category: str
    start: str
    """With what its detail begins."""
    held: str
    """What the request holds; empty where that does not matter."""


@attrs.define
class Score:
    """What was found, but for what is known."""

    known: list[Known]
    both_judges: bool
    kinds: Counter[Kind] = attrs.field(factory=Counter[Kind])
    """Differences that count, by kind."""
    known_count: int = 0
    examples: dict[Kind, tuple[Any, list[Any]]] = attrs.field(
        factory=dict[Kind, tuple[Any, list[Any]]]
    )

    def note(self, mismatch: Any, steps: list[Any]) -> None:
        if not self._counts(mismatch):
            return
        if any(matches(row, mismatch) for row in self.known):
            self.known_count += 1
            return
        self.kinds[mismatch.signature] += 1
        self.examples.setdefault(mismatch.signature, (mismatch, steps))

    def _counts(self, mismatch: Any) -> bool:
        if mismatch.category == "judge-crash":
            return False
        if mismatch.category in {"contents", "stream"}:
            return True
        if self.both_judges:
            return bool(mismatch.judges == "agree")
        return mismatch.category not in LAX_JUDGE

    def of(self, category: str) -> int:
        """How many differences there are of one category."""
        return sum(times for kind, times in self.kinds.items() if kind[1] == category)

    def total(self, *, words: bool) -> int:
        """Differences in answers, with or without those that are only in the words of messages."""
        return sum(
            number
            for (_, category, _), number in self.kinds.items()
            if category not in {"contents", "stream"} and (words or category not in WORDS)
        )


def matches(row: Known, mismatch: Any) -> bool:
    return (
        row.operation in {"*", mismatch.op}
        and row.category == mismatch.category
        and mismatch.detail.startswith(row.start)
        and row.held in json.dumps(mismatch.step["params"])
    )


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        folder = judges.find_fuzzer()
    except judges.FuzzerMissing as error:
        print(f"!! NOTHING WAS FUZZED: {error}")
        return 0
    program = judges.find_dynoxide()
    with ExitStack() as stack:
        try:
            urls = [stack.enter_context(ministack())]
            if program is not None:
                urls.insert(0, stack.enter_context(judges.dynoxide(program)))
            engine = options.endpoint or stack.enter_context(endpoints.engine())
        except (MinistackMissing, endpoints.EndpointError) as error:
            print(f"!! {error}")
            return 2
        names = "dynoxide and ministack" if program else "ministack"
        print(f"== seed {options.seed}; judges: {names}; {engine}", flush=True)
        return fuzz(options, folder, urls, engine)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance.fuzz",
        description=summary,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fresh = secrets.token_hex(4)
    parser.add_argument("--seed", default=fresh, help="without it a fresh one, which is printed")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (60)")
    parser.add_argument("--profile", help="one of the fuzzer's profiles; without it all in turn")
    parser.add_argument("--endpoint", help="an engine that runs already, in place of a new one")
    parser.add_argument("--report", type=Path, help="write every kind with an example here")
    return parser.parse_args(arguments)


def fuzz(options: argparse.Namespace, folder: Path, urls: list[str], engine: str) -> int:
    gen, minimise, run, wire = judges.load_fuzzer(folder)
    session = new_session(run, wire, urls, engine)
    tally = run.Tally()
    score = Score(read_known(len(urls)), both_judges=len(urls) > 1)
    profiles = [options.profile] if options.profile else list(gen.PROFILES)
    until = time.monotonic() + options.seconds
    for seed, profile in seeds(options.seed, profiles):
        if time.monotonic() > until:
            break
        steps = gen.Generator(seed, profile).sequence(STEPS)
        for mismatch in session.play(steps, seed, tally):
            score.note(mismatch, steps)
    print_kinds(score, minimise.Minimiser(session, 60))
    if options.report:
        write_report(score, options.report)
    return verdict(options.seed, tally, score)


def new_session(run: Any, wire: Any, urls: list[str], engine: str) -> Any:
    """The fuzzer's session, with the corrected judges and the engine."""
    *dynoxide, ministack_url = urls
    ends: list[Any] = [
        judges.CorrectedEndpoint(wire.Endpoint("dynoxide", url), spell_numbers=False)
        for url in dynoxide
    ]
    ends.append(
        judges.CorrectedEndpoint(wire.Endpoint("ministack", ministack_url), spell_numbers=True)
    )
    session = run.Session([*ends, wire.Endpoint("B", engine)], secrets.token_hex(4), streams=True)
    session.mend = mender(session, backwards=not dynoxide)
    return session


def mender(session: Any, *, backwards: bool) -> Callable[[list[str], str], bool]:
    """The session's `mend`, which gives every endpoint what the first one holds.

    Backwards it gives them what the engine holds: ministack lets an update change a key, and then
    it holds an item that no key finds. Where it can't be mended, the sequence ends.
    """
    mend = session.mend

    def mend_if_possible(made: list[str], prefix: str) -> bool:
        ends = session.endpoints
        try:
            session.endpoints = ends[::-1] if backwards else ends
            return bool(mend(made, prefix))
        except KeyError:
            return False
        finally:
            session.endpoints = ends

    return mend_if_possible


def seeds(start: str, profiles: list[str]) -> Iterator[tuple[str, str]]:
    """The seed of each sequence, as the fuzzer's own command makes them, and its profile."""
    for number in count():
        profile = profiles[number % len(profiles)]
        yield f"{start}:{profile}:{number}", profile


def read_known(number_of_judges: int) -> list[Known]:
    name = "difffuzz-dynoxide.json" if number_of_judges > 1 else "difffuzz-ministack.json"
    rows = json.loads((KNOWN / name).read_text(encoding="utf-8"))
    return [Known(row[0], row[1], row[2], row[4] if len(row) > 4 else "") for row in rows]


def print_kinds(score: Score, minimiser: Any) -> None:
    for number, (kind, times) in enumerate(score.kinds.most_common(SHOWN)):
        print(f"{times:6} x  {' | '.join(kind)}")
        mismatch, steps = score.examples[kind]
        if number < CUT_DOWN:
            steps, mismatch = minimiser.cut(steps, mismatch)
            for step in steps[-3:]:
                print(f"          {step['op']} {json.dumps(step['params'])[:300]}")
        else:
            print(f"          seed {mismatch.seed}, step {mismatch.at}")
        for answer in mismatch.answers:
            print(f"          {json.dumps(answer)[:300]}")


def write_report(score: Score, path: Path) -> None:
    told = [
        {
            "kind": kind,
            "count": times,
            "seed": score.examples[kind][0].seed,
            "step": score.examples[kind][0].step,
            "answers": score.examples[kind][0].answers,
        }
        for kind, times in score.kinds.most_common()
    ]
    path.write_text(json.dumps(told, indent=1), encoding="utf-8")


def verdict(seed: str, tally: Any, score: Score) -> int:
    """Print the figures and say 1 where they do not suffice."""
    of = tally.agreed if score.both_judges else tally.compared
    of_words = tally.agreed_words if score.both_judges else tally.compared
    equal = 100 * (1 - score.total(words=False) / max(1, of))
    to_the_word = 100 * (1 - score.total(words=True) / max(1, of_words))
    differing, crashes = score.of("contents"), score.of("crash")
    allowed = 0 if score.both_judges else tally.contents // 200
    print(f"== seed {seed}: {tally.sequences} sequences, {tally.compared} requests")
    print(f"   {equal:.3f} % of {of} equal but for words (99.9 wanted)")
    if score.both_judges:
        print(f"   {to_the_word:.3f} % of {of_words} equal to the word (99 wanted)")
    print(f"   {differing} of {tally.contents} tables and indexes differ ({allowed} allowed)")
    print(f"   {crashes} crashes of the engine (0 allowed)")
    print(f"   known, and left out: {score.known_count}")
    shares = equal >= 99.9 and to_the_word >= 99.0
    return 0 if shares and differing <= allowed and not crashes and tally.compared else 1


if __name__ == "__main__":
    sys.exit(main())
