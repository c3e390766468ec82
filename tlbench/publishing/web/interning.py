"""Equal things once: what is said often stands in a list, and a number says where."""

from __future__ import annotations

from typing import Any

from tlbench.records.json_lines import compact


class Interned:
    """A list without repetition. Things are equal where their JSON is."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[str, int] = {}

    def __call__(self, value: Any) -> int:
        """The place of a value in `values`, where it is put if it is not there yet."""
        text = compact(value)
        if text not in self._places:
            self._places[text] = len(self.values)
            self.values.append(value)
        return self._places[text]
