"""One question of a benchmark, whatever layout it was published in."""

from dataclasses import dataclass, replace

from smelt.errors import RecipeError

LETTERS = "ABCDEFGHIJ"
"""What options are called, in their order."""


@dataclass(frozen=True)
class Item:
    """A question and its right answer or answers.

    Attributes:
        id: tells it from the set's other items.
        question: what is asked, or the text that is gone on from.
        choices: the options, in the order of the file; none where the answer is free.
        right: indices of the right options.
        texts: right free answers; of code, the reference solution.
        goes_on: the choices go on from the question's text as they stand (a sentence's endings), and no "Answer:" or
            space is put between.
        contexts: of fill-in items, what stands before ``goes_on``'s text under each option; else empty.
        lang: ``en`` or ``zh``: the language of what the forms say themselves.
        subject: as the set has it.
        tests: of code, the program text that must run without an error after the answer.
        shown: the answer as an example shows it, where that is more than the answer (its reasoning).
    """

    id: str
    question: str
    choices: tuple[str, ...] = ()
    right: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()
    goes_on: bool = False
    contexts: tuple[str, ...] = ()
    lang: str = "en"
    subject: str = ""
    tests: str = ""
    shown: str = ""

    def checked(self, where: str) -> "Item":
        """This item, if it can be asked.

        Raises:
            RecipeError: when the question is empty, a choice is no text or comes twice, or there is no right answer.
        """
        if not self.question.strip() and not self.contexts:
            raise RecipeError("the question is empty", where=where, mend="write it, or take the line out")
        if self.choices:
            wrong = [choice for choice in self.choices if not isinstance(choice, str) or not choice.strip()]
            distinct = {(context, choice) for context, choice in zip(self._befores, self.choices, strict=True)}
            if wrong or len(self.choices) < 2 or len(distinct) < len(self.choices):
                raise RecipeError(
                    "the choices are fewer than two, or one is empty or comes twice", where=where, mend="mend them"
                )
            if not self.right or not all(0 <= index < len(self.choices) for index in self.right):
                raise RecipeError("the answer is not among the choices", where=where, mend="name one of them")
        elif not self.texts or not all(isinstance(text, str) and text.strip() for text in self.texts):
            raise RecipeError("has no answer", where=where, mend="add it")
        return self

    @property
    def _befores(self) -> tuple[str, ...]:
        return self.contexts or ("",) * len(self.choices)

    def with_choices(self, choices: tuple[str, ...], right: tuple[int, ...]) -> "Item":
        """The same question with other options."""
        return replace(self, choices=choices, right=right)
