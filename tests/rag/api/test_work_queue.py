"""Are a few questions done at once, some made to wait, and the rest told to come back, without a place ever lost?"""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from contextlib import aclosing, asynccontextmanager

import pytest

from rag.api.work_queue import BusyError, LeftError, StoppingError, WorkQueue, unless_gone
from rag.llm import CALLER


@asynccontextmanager
async def four_pieces_of_work(work_queue):
    """As many as run and wait; they end when the block does."""
    go = threading.Event()
    tasks = [asyncio.create_task(work_queue.run(go.wait)) for _ in range(4)]
    try:
        await asyncio.sleep(0.01)
        yield
    finally:
        go.set()
        await asyncio.gather(*tasks)


@pytest.fixture
def work_queue():
    made = WorkQueue(2, 2)
    yield made
    made.close()


async def settle(work_queue):
    for _ in range(200):
        if work_queue.held == 0:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{work_queue.held} places are lost")


async def test_no_more_run_at_once_than_there_are_threads(work_queue):
    running, most, lock = 0, 0, threading.Lock()

    def work():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return 1

    assert await asyncio.gather(*(work_queue.run(work) for _ in range(4))) == [1] * 4
    assert most == 2
    await settle(work_queue)


async def test_one_too_many_is_told_so_at_once(work_queue):
    async with four_pieces_of_work(work_queue):
        with pytest.raises(BusyError, match="Ask again in 1 s"):
            await work_queue.run(int)
    await settle(work_queue)
    assert await work_queue.run(int) == 0


async def test_the_wait_that_is_told_follows_from_how_long_work_took():
    now = [0.0]
    work_queue = WorkQueue(2, 2, clock=lambda: now[0])

    def take_ten_seconds():
        now[0] += 10

    await work_queue.run(take_ten_seconds)
    await settle(work_queue)
    async with four_pieces_of_work(work_queue):
        # A mean of 0.9 * 0.2 s + 0.1 * 10 s = 1.18 s, times four pieces of work, over two threads: 2.36 s.
        with pytest.raises(BusyError, match="Ask again in 3 s"):
            await work_queue.run(int)
    work_queue.close()


async def test_the_loop_turns_while_work_is_done(work_queue):
    task = asyncio.create_task(work_queue.run(lambda: time.sleep(0.2)))
    turns = 0
    while not task.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 5


async def test_an_error_gives_the_place_back(work_queue):
    with pytest.raises(ZeroDivisionError):
        await work_queue.run(lambda: 1 / 0)
    await settle(work_queue)


async def test_who_leaves_while_waiting_or_running_gives_the_place_back(work_queue):
    go = threading.Event()
    tasks = [asyncio.create_task(work_queue.run(go.wait)) for _ in range(4)]
    await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    go.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    await settle(work_queue)


async def test_a_stream_comes_in_order_and_holds_one_place(work_queue):
    got = []
    async with aclosing(work_queue.stream(lambda: iter(range(5)))) as items:
        async for item in items:
            got.append(item)
            assert work_queue.held == 1
    assert got == list(range(5))
    await settle(work_queue)


async def test_a_stream_that_nobody_reads_to_its_end_is_closed(work_queue):
    closed = threading.Event()

    def numbers():
        try:
            yield from range(1000)
        finally:
            closed.set()

    async with aclosing(work_queue.stream(numbers)) as items:
        await anext(items)
    assert closed.wait(2)
    await settle(work_queue)


async def test_a_stream_that_is_left_within_a_step_is_closed_when_the_step_is_done(work_queue):
    closed, go, within = threading.Event(), threading.Event(), threading.Event()

    def numbers():
        try:
            yield 1
            within.set()
            go.wait(5)
            yield 2
        finally:
            closed.set()

    async def read():
        async with aclosing(work_queue.stream(numbers)) as items:
            async for _ in items:
                pass

    task = asyncio.create_task(read())
    await asyncio.to_thread(within.wait, 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not closed.is_set()
    go.set()
    assert await asyncio.to_thread(closed.wait, 5)
    await settle(work_queue)


async def test_a_stream_that_cannot_begin_gives_the_place_back(work_queue):
    def fails():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await anext(work_queue.stream(fails))
    await settle(work_queue)


async def test_who_waits_is_turned_away_and_who_is_served_is_not():
    work_queue, go_on = WorkQueue(1, 2), threading.Event()
    served = asyncio.create_task(work_queue.run(go_on.wait))
    waiting = [asyncio.create_task(work_queue.run(int)) for _ in range(2)]
    await asyncio.sleep(0)
    work_queue.turn_away()
    for task in waiting:
        with pytest.raises(StoppingError, match=r"is being stopped\. Ask again in 5 s\."):
            await task
    go_on.set()
    assert await served
    await settle(work_queue)


async def test_a_closed_desk_opens_again(work_queue):
    await work_queue.run(int)
    work_queue.close()
    assert await work_queue.run(int) == 0


class Model:
    """Work that waits for a model until it may go on."""

    def __init__(self):
        self.waits, self.go = threading.Event(), threading.Event()

    def __call__(self):
        caller = CALLER.get()
        with caller.away():
            self.waits.set()
            while not self.go.wait(0.01) and not caller.left:
                pass
        return "left" if caller.left else "done"


async def test_who_waits_for_a_model_holds_no_thread(work_queue):
    models = [Model(), Model()]
    tasks = [asyncio.create_task(work_queue.run(model)) for model in models]
    for model in models:
        assert await asyncio.to_thread(model.waits.wait, 5)
    assert await asyncio.wait_for(work_queue.run(lambda: 7), 5) == 7
    assert work_queue.held == 2
    for model in models:
        model.go.set()
    assert await asyncio.gather(*tasks) == ["done", "done"]
    await settle(work_queue)


async def test_who_comes_back_from_a_model_goes_before_what_has_not_begun():
    queue, model, order, go = WorkQueue(1, 5), Model(), [], threading.Event()
    first = asyncio.create_task(queue.run(lambda: order.append(model())))
    await asyncio.to_thread(model.waits.wait, 5)
    second = asyncio.create_task(queue.run(lambda: (go.wait(5), order.append("second"))))
    await asyncio.sleep(0.01)
    third = asyncio.create_task(queue.run(lambda: order.append("third")))
    await asyncio.sleep(0.01)
    model.go.set()
    await asyncio.sleep(0.05)
    go.set()
    await asyncio.gather(first, second, third)
    assert order == ["second", "done", "third"]
    queue.close()


async def test_who_leaves_or_is_sent_home_waits_for_no_model_any_more(work_queue):
    for send_home in (lambda task: task.cancel(), lambda task: work_queue.close()):
        model, told = Model(), []
        task = asyncio.create_task(work_queue.run(lambda m=model, t=told: t.append(m())))
        assert await asyncio.to_thread(model.waits.wait, 5)
        send_home(task)
        await asyncio.gather(task, return_exceptions=True)
        await settle(work_queue)
        assert told == ["left"]


async def test_what_waits_is_dropped_when_the_queue_closes(work_queue):
    go = threading.Event()
    tasks = [asyncio.create_task(work_queue.run(go.wait)) for _ in range(4)]
    await asyncio.sleep(0.02)
    work_queue.close()
    go.set()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in done] == [bool, bool, asyncio.CancelledError, asyncio.CancelledError]
    await settle(work_queue)


async def test_a_client_that_goes_takes_its_work_along():
    gone, cancelled = asyncio.Event(), asyncio.Event()

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    task = asyncio.create_task(unless_gone(receive, work()))
    await asyncio.sleep(0)
    gone.set()
    with pytest.raises(LeftError, match="has gone"):
        await task
    await asyncio.wait_for(cancelled.wait(), 5)


async def test_a_client_that_stays_gets_its_answer_or_its_error():
    async def stays():
        await asyncio.sleep(60)

    async def answers():
        return 7

    async def fails():
        raise ValueError("no")

    assert await unless_gone(stays, answers()) == 7
    with pytest.raises(ValueError, match="no"):
        await unless_gone(stays, fails())


def test_the_error_survives_pickling():
    error = pickle.loads(pickle.dumps(BusyError(3)))
    assert (error.wait, str(error)) == (3, "Too many questions are waiting. Ask again in 3 s.")


def test_a_full_desk_is_a_503_with_when_to_come_back(make_client, monkeypatch):
    client = make_client(threads=1, waiting=0)
    go, within = threading.Event(), threading.Event()

    def slow(*args, **kwargs):
        within.set()
        go.wait(10)
        return []

    monkeypatch.setattr("rag.api.service.search", slow)
    thread = threading.Thread(target=client.get, args=("/search",), kwargs={"params": {"q": "桥"}})
    thread.start()
    assert within.wait(5)
    refused = client.get("/search", params={"q": "桥"})
    chat = client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "桥"}], "stream": True})
    alive = client.get("/healthz")
    go.set()
    thread.join()
    assert refused.status_code == chat.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert alive.status_code == 200
