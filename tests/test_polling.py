"""When jobs are asked about: few requests, a short delay, and never faster than the vendor allows."""

from __future__ import annotations

import random
from collections.abc import Iterable
from statistics import fmean

import pytest

from vmevalkit_core.generator.polling import ENOUGH, PollPlan


def durations(median: float, number: int, seed: int = 1) -> list[float]:
    """Lognormal jobs, sigma 0.4, two in a hundred five times as long."""
    chance = random.Random(seed)
    return [median * chance.lognormvariate(0, 0.4) * (5 if chance.random() < 0.02 else 1) for _ in range(number)]


def watched(plan: PollPlan, jobs: Iterable[float]) -> tuple[float, float]:
    """Requests for a job and the mean delay to notice its end, in virtual time."""
    requests, delays = 0, []
    for seconds in jobs:
        age = 0.0
        while age < seconds:
            age += plan.wait(age)
            requests += 1
        delays.append(age - seconds)
    return requests / len(delays), fmean(delays)


@pytest.mark.parametrize("median", [30.0, 90.0, 300.0])
def test_learned_plan_asks_seldom_and_notices_soon(median: float) -> None:
    """At most 20 requests a job, a mean delay of at most 3 % of the median (goal P6)."""
    plan = PollPlan(0.5, 120.0, durations(median, 200, seed=2))
    requests, delay = watched(plan, durations(median, 500))
    assert requests <= 20
    assert delay <= 0.03 * median


def test_plan_without_experience_is_bounded() -> None:
    """From 2 to 15 seconds, by the age of the job."""
    plan = PollPlan(2.0, 120.0)
    assert 2.0 <= plan.wait(0.0) <= 2.1
    assert 15.0 <= plan.wait(600.0) <= 15.75


def test_plan_believes_a_few_jobs_only_together() -> None:
    """One odd job is no experience."""
    plan = PollPlan(2.0, 120.0, [90.0] * (ENOUGH - 1))
    assert plan.wait(0.0) < 3.0
    plan.learn(90.0)
    assert plan.wait(0.0) > 70.0


def test_plan_keeps_to_the_vendors_least() -> None:
    """Runway asks for no more than one poll in five seconds."""
    plan = PollPlan(5.0, 120.0, [3.0] * 10)
    assert all(5.0 <= plan.wait(age) <= 5.25 for age in (0.0, 2.8, 3.0, 10.0) * 20)


def test_stuck_job_is_asked_about_less_and_less() -> None:
    """Days of waiting cost few requests."""
    plan = PollPlan(2.0, 120.0, [60.0] * 10)
    assert all(110.0 < plan.wait(24 * 3600.0) <= 120.0 for _ in range(50))


def test_fixed_plan_is_fixed() -> None:
    """Least and most alike: nothing is learned."""
    plan = PollPlan(1.0, 1.0, [90.0] * 10)
    assert all(plan.wait(age) == 1.0 for age in (0.0, 50.0, 500.0))
