"""The parts of a torch network that are frozen together, as views of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from torch import nn


class Stage(nn.Module):
    """Modules and single parameters of a network that are frozen together: a view of them."""

    def __init__(self, modules: Iterable[nn.Module], parameters: Iterable[nn.Parameter]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(modules)
        self.single = nn.ParameterList(parameters)


def by_children(network: nn.Module) -> dict[str, int]:
    """A group for each child of the network that has parameters, in the order in which they were defined.

    The network's own parameters, as a ViT's position embedding, belong to the first.
    """
    children = [name for name, child in network.named_children() if next(child.parameters(), None) is not None]
    return {
        name: children.index(first) if (first := name.partition(".")[0]) in children else 0
        for name, _ in network.named_parameters()
    }


def stages_of(network: nn.Module, groups: Mapping[str, int]) -> list[Stage]:
    """The stages of a network, in the order of the numbers that `groups` gives to its parameters by name."""
    held: dict[int, tuple[list[nn.Module], list[nn.Parameter]]] = defaultdict(lambda: ([], []))
    _distribute(network, "", groups, held)
    return [Stage(*held[number]) for number in sorted(held)]


def _distribute(
    module: nn.Module,
    prefix: str,
    groups: Mapping[str, int],
    held: Mapping[int, tuple[list[nn.Module], list[nn.Parameter]]],
) -> None:
    """A module goes whole to the group of all its parameters, so that what has none goes with it; else by parts."""
    numbers = {groups[prefix + name] for name, _ in module.named_parameters() if prefix + name in groups}
    if len(numbers) == 1:
        held[numbers.pop()][0].append(module)
        return
    for name, parameter in module.named_parameters(recurse=False):
        held[groups[prefix + name]][1].append(parameter)
    for name, child in module.named_children():
        _distribute(child, f"{prefix}{name}.", groups, held)
