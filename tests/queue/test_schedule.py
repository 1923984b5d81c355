"""When to try again and when to give up."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mailcore.queue import schedule


class Middle(Random):
    """No jitter."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def test_the_steps_are_two_minutes_to_four_hours_then_six_on_average() -> None:
    minutes = [schedule.delay_after(attempts, random=Middle()) / 60 for attempts in range(1, 11)]
    assert minutes == [2, 5, 10, 20, 40, 60, 120, 240, 360, 360]


@given(st.integers(1, 40), st.integers(0, 2**32))
def test_jitter_stays_within_a_fifth(attempts: int, seed: int) -> None:
    delay = schedule.delay_after(attempts, random=Random(seed))
    base = schedule.STEPS[attempts - 1 : attempts] or schedule.LATER
    assert base[0] * 0.8 - 1 <= delay <= base[-1] * 1.2 + 1


def test_mail_lives_five_days_and_bounces_two() -> None:
    assert schedule.expiry(received_at=0, sender="a@far.test") == 5 * 86_400
    assert schedule.expiry(received_at=0, sender="") == 2 * 86_400


def test_the_last_attempt_is_at_the_moment_of_expiry() -> None:
    assert schedule.next_attempt(now=0, attempts=9, expires_at=100) == 100
    assert schedule.next_attempt(now=100, attempts=9, expires_at=100) is None
