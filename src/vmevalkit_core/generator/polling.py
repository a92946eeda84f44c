"""When to ask about a job: often around the time at which jobs of its model end, and seldom before and after."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable

ENOUGH = 5
"""Jobs that must have ended before their durations are believed."""
KEPT = 200
UNLEARNED_LONGEST = 15.0


class PollPlan:
    """Learns from the durations of jobs. Two figures decide the cost: requests for a job, and the delay to notice.

    Learned: a first poll at 0.9 of the 10th percentile, then one each 4 % of the median (for jobs of 90 s: 16
    requests, a delay of 3 s). Before that: each 10 % of the job's age. Doubling waits would cost three times the delay.
    """

    def __init__(self, least: float, most: float, known: Iterable[float] = ()) -> None:
        self._least = least
        self._most = max(least, most)
        self._seconds = deque(known, maxlen=KEPT)
        self._tenth, self._median = self._quantiles()

    def learn(self, seconds: float) -> None:
        """Take in how long a job took."""
        self._seconds.append(seconds)
        self._tenth, self._median = self._quantiles()

    def wait(self, age: float) -> float:
        """Seconds until the next poll of a job that is `age` seconds old, within the bounds; jobs seldom wait alike."""
        wanted = max(self._least, self._ideal(age)) * random.uniform(1.0, 1.05)
        return max(self._least, min(self._most * random.uniform(0.95, 1.0), wanted))

    def _ideal(self, age: float) -> float:
        if not self._median:
            return min(UNLEARNED_LONGEST, 0.1 * age)
        first = 0.9 * self._tenth
        if age < first:
            return first - age
        return max(0.04 * self._median, 0.02 * age)  # one that takes many times as long is asked about less and less

    def _quantiles(self) -> tuple[float, float]:
        if len(self._seconds) < ENOUGH:
            return 0.0, 0.0
        known = sorted(self._seconds)
        return known[len(known) // 10], known[len(known) // 2]
