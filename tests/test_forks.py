"""A process that forks with a database open: real forks, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from textwrap import dedent

import pytest

from adorm.support.forks import forks, tell_of_forks
from adorm.testing import LocalDynamoDB

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")

BEFORE = """
    import asyncio, os, sys, traceback
    import adorm
    from adorm import Credentials

    @adorm.model(table="orders")
    class Order:
        order_id: str = adorm.partition_key()
        number: int = 0

    class Source:
        loads = 0
        async def load(self):
            self.loads += 1
            return Credentials(ACCOUNT, "secret-of-the-test")

    source = Source()
    loop = asyncio.new_event_loop()
    url = sys.argv[1]
    db = adorm.connect(
        endpoint_url=url, region="eu-central-1", credentials=source, read_timeout_s=5
    )
    orders = db.table(Order)

    async def fill():
        await db.ensure_table(Order)
        for number in range(40):
            await orders.put(Order(order_id=f"o{number}", number=number))
        await db.gather(*(orders.get(f"o{number}") for number in range(8)))  # eight connections

    async def read(count=300):
        async def one(number):
            got = await orders.get(f"o{number % 40}")
            assert (got.order_id, got.number) == (f"o{number % 40}", number % 40), got
        for start in range(0, count, 10):
            await db.gather(*(one(number) for number in range(start, start + 10)))

    def child(work):
        pid = os.fork()
        if pid:
            return pid
        try:
            work()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)

    def ended(pid):
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""


def run(
    script: str, local: LocalDynamoDB, account: str, environ: Mapping[str, str] | None = None
) -> str:
    """Run a script after `BEFORE`, and give what it prints."""
    code = dedent(BEFORE).replace("ACCOUNT", repr(account)) + dedent(script)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, local.endpoint_url],
        capture_output=True,
        text=True,
        timeout=50,
        env=environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_parent_and_child_on_one_loop_get_their_own_answers(local_dynamodb: LocalDynamoDB) -> None:
    script = """
        loop.run_until_complete(fill())
        pids = [child(lambda: loop.run_until_complete(read())) for _ in range(3)]
        loop.run_until_complete(read())
        for pid in pids:
            ended(pid)
        loop.run_until_complete(read(20))
        loop.run_until_complete(db.close())
        loop.close()
        print("all read their own")
    """
    assert run(script, local_dynamodb, "AKFORKONE") == "all read their own\n"


def test_a_child_takes_the_database_to_a_loop_of_its_own(local_dynamodb: LocalDynamoDB) -> None:
    script = """
        loop.run_until_complete(fill())

        async def in_child():
            await read(50)
            await db.close()

        pid = child(lambda: asyncio.run(in_child()))
        loop.run_until_complete(read(50))
        ended(pid)
        loop.run_until_complete(read(50))
        loop.run_until_complete(db.close())
        loop.close()
        print("both")
    """
    assert run(script, local_dynamodb, "AKFORKTWO") == "both\n"


def test_a_request_under_way_stays_the_parents(local_dynamodb: LocalDynamoDB) -> None:
    """The process forks inside a task while another waits for its answer: the child neither takes
    it nor sends the write again."""
    script = """
        loop.run_until_complete(fill())

        async def main():
            update = asyncio.ensure_future(as_coroutine(orders.update("o1").add(Order.number, 100)))
            while not db._calls.transport.pool_figures().in_use:
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            pid = os.fork()
            if pid == 0:
                try:
                    try:
                        await update
                    except adorm.AdormError as error:
                        problem = "the process was forked while this request was under way"
                        assert problem in str(error), error
                        os._exit(0)
                except BaseException:
                    traceback.print_exc()
                    sys.stderr.flush()
                os._exit(1)
            await update
            ended(pid)
            assert (await orders.get("o1")).number == 101
            await db.close()

        async def as_coroutine(operation):
            return await operation

        loop.run_until_complete(main())
        loop.close()
        print("applied once")
    """
    assert run(script, local_dynamodb, "AKFORKTHREE") == "applied once\n"


def test_credentials_and_tokens_of_the_child_are_its_own(local_dynamodb: LocalDynamoDB) -> None:
    script = """
        loop.run_until_complete(fill())
        assert source.loads == 1
        before = db.transaction()
        given = db.transaction(token="the-callers-own")
        token, (reading, writing) = before.token, os.pipe()

        def in_child():
            loop.run_until_complete(read(10))
            assert source.loads == 2
            assert given.token == "the-callers-own"
            os.write(writing, before.token.encode() + db.transaction().token.encode())

        ended(child(in_child))
        theirs = os.read(reading, 200).decode()
        ours = before.token + db.transaction().token
        assert before.token == token
        assert len(theirs) == len(ours) == 72
        assert len({theirs[:36], theirs[36:], ours[:36], ours[36:]}) == 4
        loop.run_until_complete(read(10))
        assert source.loads == 1
        loop.run_until_complete(db.close())
        loop.close()
        print("fresh")
    """
    assert run(script, local_dynamodb, "AKFORKFOUR") == "fresh\n"


def test_a_memory_database_is_two_after_a_fork(local_dynamodb: LocalDynamoDB) -> None:
    script = """
        db = adorm.connect("memory")
        orders = db.table(Order)
        loop.run_until_complete(fill())

        async def write_one():
            await orders.put(Order(order_id="o1", number=7))
            assert (await orders.get("o1")).number == 7
            await db.close()

        async def one():
            return await orders.get("o1")

        ended(child(lambda: loop.run_until_complete(write_one())))
        assert loop.run_until_complete(one()).number == 1
        loop.run_until_complete(db.close())
        loop.close()
        print("apart")
    """
    assert run(script, local_dynamodb, "AKFORKFIVE") == "apart\n"


def test_what_is_gone_is_not_told_of_a_fork() -> None:
    class Told:
        def after_fork(self) -> None:
            raise AssertionError("in a child")

    told = Told()
    tell_of_forks(told)
    assert forks() == 0
    del told
