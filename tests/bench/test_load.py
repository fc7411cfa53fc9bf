import threading

from bench import load
from tests.support.servers import OK, Call, read_request, receiving

REQUEST = load.posts("/", "token", ["{}"])[0]


def test_a_request_is_timed_from_its_due_time() -> None:
    pause, rate = 0.02, 1000

    def slow(call: Call) -> None:
        while not call.stop.wait(pause):
            call.say(OK)
            if not read_request(call.connection):
                return

    with receiving(slow) as receiver:
        answers = load.at_rate(f"127.0.0.1:{receiver.port}", [REQUEST] * 5, rate, connections=1)
    for place, answer in enumerate(answers):
        assert answer is not None and answer.status == 200
        assert answer.taken >= ((place + 1) * pause - place / rate) * 1000  # it was queued after all requests before it


def test_what_is_never_answered_is_known() -> None:
    served = threading.Semaphore(1)

    def once(call: Call) -> None:
        if served.acquire(blocking=False):
            call.say(OK)

    with receiving(once) as receiver:
        answers = load.at_rate(f"127.0.0.1:{receiver.port}", [REQUEST] * 3, 1000, connections=1)
    assert answers[0] is not None
    assert answers[1:] == [None, None]


def test_user_agents_alternate() -> None:
    requests = load.clicks(["AAAAAAAAAA"] * 2 * len(load.BROWSERS))
    assert len(set(requests)) == len(load.BROWSERS)
