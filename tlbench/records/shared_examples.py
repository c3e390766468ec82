"""Test examples of a target that a source has too."""

from __future__ import annotations

from pydantic import BaseModel


class SharedExamples(BaseModel):
    """Of the target's `of` test examples, `count` stand, as they are, in the source's training or validation data.

    `alike`, of texts: so many do if nothing but letters and digits is compared.
    """

    source: str
    target: str
    count: int
    of: int
    alike: int | None = None

    @property
    def text(self) -> str:
        """In words."""
        text = f"{self.count:,} of the {self.of:,} test examples of {self.target} stand in {self.source} too"
        return text if self.alike in (None, self.count) else f"{text}, {self.alike:,} by letters and digits alone"
