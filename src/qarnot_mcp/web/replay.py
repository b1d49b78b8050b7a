"""A request whose body was read before the application that it is for."""

from starlette.types import Message, Receive


def replayed(message: Message, receive: Receive) -> Receive:
    """Return a `receive` that gives this message first, and then what follows."""
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return message

    return replay
