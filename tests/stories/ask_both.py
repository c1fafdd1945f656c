"""Let the interpreter say what must come out of a story, and hold the domain to it."""

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.testing.stories import run_story
from salesarck_domain.use_cases.replay import Replay
from tests.stories.interpreter import VERBS, Interpreter
from tests.stories.told import Json


def as_interpreted(story: Json, people: list[str]) -> Json:
    """Put after each step what the interpreter expects, and around a step what it refuses."""
    interpreter = Interpreter(story)
    steps: list[Json] = []
    for step in story["steps"]:
        (verb,) = (key for key in step if key in VERBS)
        refusal = interpreter.do(step["at"], verb, step[verb])
        if refusal:
            refused = {verb: step[verb], "code": refusal}
            steps.append({"at": step["at"], "refused": refused})
        else:
            steps.append(step)
        interpreter.let_time_pass(interpreter.now)  # the next step is a step too
        for person in people:
            seen = interpreter.seen(person)
            seen["expiring"] = [[points, ends.isoformat()] for points, ends in seen["expiring"]]
            steps.append({"at": step["at"], "expect": seen})
    steps.append({"at": story["steps"][-1]["at"], "books": {"discrepancies": 0}})
    return story | {"steps": steps}


async def what_the_domain_says(story: Json) -> list[str]:
    """Play a story in memory, then all of it again; an empty list means that it came out."""
    store, again = MemoryStore(), MemoryStore()
    wrong = await run_story(story, store, store.directory)
    replayed = await Replay(store, store.directory, again, again.directory)()
    return wrong + [str(difference) for difference in replayed]
