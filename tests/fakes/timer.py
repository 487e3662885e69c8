"""A timer that nobody has to wait for."""


class FakeTimer:
    """A `Timer`. Each look at it takes `step` seconds, and a sleep takes as long as it should."""

    def __init__(self, step: float = 0.0) -> None:
        self.at = 1000.0
        self.step = step
        self.slept: list[float] = []

    def now(self) -> float:
        self.at += self.step
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds
