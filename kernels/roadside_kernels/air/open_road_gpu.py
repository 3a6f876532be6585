"""gpu"""


def add_blocks_on_gpu(*a):
    raise NotImplementedError
