"""Batches of sparse rows: a first dense layer multiplies what is not 0, and everything else sees a dense tensor.

A `SparseBatch` is a tensor (n, features) whose values are made dense when something other than `torch.nn.Linear` (or
what hands it on, such as `flatten`) asks for them. So no strategy and no backbone needs to know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from tlbench.core.inputs import Inputs, SparseRows

#: Where at most this share of values is not 0, and a row has at least so many values, a sparse product is the faster
#: one on a CPU: forward and backward of 64 rows with 2 % of 5,000 values by 100 units take a third of the dense time,
#: with 5 % as long, and with 2 % of 1,000 values they save a sixth or, of 2 units, lose a fifth of a millisecond.
DENSITY = 0.03
FEATURES = 2000


def stays_sparse(inputs: Inputs, device: str) -> bool:
    """Whether batches of these inputs are multiplied as sparse rows."""
    if not isinstance(inputs, SparseRows) or device != "cpu":
        return False
    values = len(inputs) * inputs.features
    return inputs.features >= FEATURES and len(inputs.data) <= DENSITY * values


class SparseBatch(Tensor):
    """Sparse rows as a tensor of float32 (n, features) on the CPU."""

    #: A `scipy.sparse.csr_array` of float32.
    matrix: Any
    _dense: Tensor | None

    @staticmethod
    def of(matrix: Any) -> SparseBatch:
        """A batch of the rows of a `scipy.sparse.csr_array`."""
        batch: SparseBatch = Tensor._make_wrapper_subclass(SparseBatch, matrix.shape, dtype=torch.float32)
        batch.matrix, batch._dense = matrix, None
        return batch

    def to_plain(self) -> Tensor:
        """The same values as a dense tensor (n, features); always the same one."""
        if self._dense is None:
            self._dense = torch.from_numpy(self.matrix.toarray())
        return self._dense

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Sequence[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        """A sparse product where the batch is multiplied, itself where nothing would change, else dense."""
        kwargs = kwargs or {}
        if func in _OF_SHAPE:
            return super().__torch_function__(func, types, args, kwargs)  # type: ignore[no-untyped-call]
        if func in _UNCHANGED and _is_unchanged(func, args[1:], kwargs):
            return args[0]
        if func is F.linear and (found := _linear(*args, **kwargs)) is not None:
            return found
        if func in _JOINS and (joined := _joined(*args, **kwargs)) is not None:
            return joined
        return func(*tree_map(_plain, args), **tree_map(_plain, kwargs))

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch's own is annotated as a static method
        cls, func: Callable[..., Any], types: Sequence[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        """What reaches torch's kernels by another way is given dense values."""
        return func(*tree_map(_plain, args), **tree_map(_plain, kwargs or {}))


def lay_out(model: nn.Module, inputs: Inputs, device: str) -> None:
    """Store dense layers on sparse inputs one feature after the other, as sparse products read them; values stay."""
    if not stays_sparse(inputs, device):
        return
    for module in model.modules():
        if isinstance(module, nn.Linear) and module.in_features == inputs.shape[1]:
            module.weight.data = module.weight.data.t().contiguous().t()


_OF_SHAPE = {
    getattr(Tensor, name).__get__
    for name in ("shape", "dtype", "device", "ndim", "layout", "is_cuda", "requires_grad", "grad_fn", "is_leaf")
} | {Tensor.size, Tensor.dim, Tensor.__len__, Tensor.numel, Tensor.is_floating_point}
_UNCHANGED = {Tensor.float, Tensor.flatten, torch.flatten}
_JOINS = {torch.cat, torch.concat, torch.concatenate}


def _is_unchanged(func: Callable[..., Any], args: Sequence[Any], kwargs: Any) -> bool:
    if kwargs:
        return False
    return not args if func is Tensor.float else tuple(args) in ((1,), (1, -1))


def _plain(value: Any) -> Any:
    return value.to_plain() if isinstance(value, SparseBatch) else value


def _joined(tensors: Sequence[Any], dim: int = 0, **other: Any) -> SparseBatch | None:
    """Several batches as one; None where they are not all sparse."""
    if other or dim != 0 or not all(isinstance(each, SparseBatch) for each in tensors):
        return None
    matrices = [each.matrix for each in tensors]
    if len({each.shape[1] for each in matrices}) != 1:
        return None
    from scipy.sparse import vstack

    return SparseBatch.of(vstack(matrices, format="csr"))


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor | None:
    """The product of a sparse batch with plain weights; None where it has to be a dense one."""
    known = type(weight) in (Tensor, nn.Parameter) and weight.dtype == torch.float32 and weight.ndim == 2
    transformed = torch._C._functorch.peek_interpreter_stack() is not None  # inside of vmap, torch.func.grad and such
    if not isinstance(input, SparseBatch) or not known or weight.shape[1] != input.matrix.shape[1] or transformed:
        return None
    return cast("Tensor", _Product.apply(weight, bias, input))


class _Product(torch.autograd.Function):
    """`inputs @ weight.T + bias` of sparse inputs (n, features), a weight (units, features) and a bias (units,)."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor | None, inputs: SparseBatch) -> Tensor:
        ctx.inputs = inputs
        product = torch.from_numpy(inputs.matrix @ weight.detach().t().contiguous().numpy())
        return product if bias is None else product.add_(bias.detach())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        of_weight, of_bias, _ = ctx.needs_input_grad
        bias = gradient.sum(0) if of_bias else None
        if not of_weight:
            return None, bias, None
        if gradient.requires_grad:  # a gradient of this gradient will be asked for
            return gradient.t() @ ctx.inputs.to_plain(), bias, None
        return torch.from_numpy(ctx.inputs.matrix.T @ gradient.contiguous().numpy()).t(), bias, None
