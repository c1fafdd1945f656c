from contextlib import AbstractAsyncContextManager, nullcontext

from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.memory.answers import MemoryAnswers
from salesarck_domain.testing.answers import AnswersContract


class TestMemoryAnswers(AnswersContract):
    def new_answers(self) -> AbstractAsyncContextManager[MemoryAnswers]:
        return nullcontext(MemoryStore().answers)
