"""What a pool says of its jobs when the process that they were forked from has ended."""

from tlbench.execution.local_pool import LocalPool


class EndedTemplate:
    """A template that has ended after it was ready."""

    exit_code = -9
    ready = True

    def kill_now(self):
        pass

    def leave(self, pool):
        pass


def test_a_job_whose_supervisor_told_first_that_the_template_is_gone_is_lost_and_not_forgotten():
    pool = LocalPool(2, 1, None, None)
    pool._template, pool._jobs = EndedTemplate(), {"asked", "running", "done"}
    pool._events.put({"job": "asked", "event": "ended", "code": 1, "stopped": "asked"})
    pool._events.put({"job": "done", "event": "ended", "code": 0})
    pool._events.put(None)
    events = {event.job: event.kind for event in (pool.wait(0), pool.wait(0), pool.wait(0))}
    assert events == {"asked": "lost", "running": "lost", "done": "ended"}
