"""A stand-in for the recorder of CUDA graphs."""


class Deferred:
    """Does at a replay what a graph would have captured."""

    def __init__(self):
        self.warm, self.captured = 0, 0

    def warm_up(self, work):
        self.warm += 1
        return work()

    def capture(self, work):
        self.captured += 1
        return work
