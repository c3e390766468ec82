"""Test examples of a target that a source has too."""

from __future__ import annotations

from pydantic import BaseModel


class SharedExamples(BaseModel):
    """Of the target's `of` test examples, `count` stand, as they are, in the source's training or validation data."""

    source: str
    target: str
    count: int
    of: int

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.count:,} of the {self.of:,} test examples of {self.target} stand in {self.source} too"
