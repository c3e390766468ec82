"""What readers of a table are told of the data that its runs had."""

from __future__ import annotations

from pydantic import BaseModel, Field


class DataNote(BaseModel):
    """A sentence, and the domains or the pairs that it is about; one without any is about all."""

    text: str
    domains: list[str] = Field(default_factory=list)
    pairs: list[str] = Field(default_factory=list)

    def is_about(self, pair: str) -> bool:
        """Whether it concerns a pair, `source:target`."""
        left, _, target = pair.partition(":")
        everywhere = not self.domains and not self.pairs
        return everywhere or pair in self.pairs or not {*left.split("+"), target}.isdisjoint(self.domains)
