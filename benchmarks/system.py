"""Start the system under test: real Kafka, real MongoDB and the five services with their production settings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.program import Target
from deploy.cli.connection import Connection
from deploy.local import state
from deploy.local.stack import LocalStack


@contextmanager
def running(say: Callable[[str], None]) -> Iterator[tuple[LocalStack, Target]]:
    """Run a stack of its own, which ends with the block, and its data too."""
    directory, held = state.lock_first_free(state.local_directory(), "bench")
    with held, LocalStack(directory / "stack", say=say) as stack:
        connection = Connection.to(stack)
        yield (
            stack,
            Target(
                connection.urls, connection.token, stack.kafka.bootstrap_servers, stack.mongo.url, str(stack.directory)
            ),
        )
