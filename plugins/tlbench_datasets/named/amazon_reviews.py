"""Amazon product reviews of four domains, as bags of words, denoised bags or texts: `amazon-reviews`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tlbench.core.domain import DataLocation, Dataset, Domain
from tlbench_datasets.named.amazon_bow import FEATURES, BagsOfWords
from tlbench_datasets.named.amazon_msda import DenoisedBags, Stack
from tlbench_datasets.named.amazon_texts import ReviewTexts
from tlbench_datasets.named.public_data import PublicDataset
from tlbench_datasets.shared.own_data import SplitParams

#: Options of the view "msda" alone.
_STACK = ("layers", "corruption", "words")


class AmazonReviews(Dataset):
    """Negative and positive reviews of books, DVDs, electronics and kitchen appliances (Blitzer et al., ACL 2007).

    - `view = "bow"`: counts of 5,000 words and pairs of words, `SparseRows` (n, 5000), as Chen et al. (ICML 2012) made
      them and Ganin et al. (JMLR 2016, https://jmlr.org/papers/v17/15-239.html, table 1) used them. Test (3,586 to
      5,945) is theirs. A tenth of each class of their train, 2,000 reviews, is val. Of the 2,000 between 108 and 162
      stand in test as well; these are left out of train and val.
    - `view = "msda"`: beside the counts of "bow" what marginalised stacked denoising autoencoders make of them, float16
      (n, 30000), as Chen et al. proposed and Ganin et al. used it (table 1, right half). `layers`, `corruption`, and
      `words`, of which alone the layers are where fewer than all will do. Learnt once, without labels, on the inputs
      of train and val of all four domains, and kept in the cache.
    - `view = "text"`: the 2,000 reviews themselves, title and body, `Texts`. The splits are dealt by the seed. With
      `splits = [0.6, 0.2, 0.2]` and `evaluation = "transductive-test"` they have the sizes of Ziser & Reichart
      (CoNLL 2017): about 1,600 of a source to train on, 400 to select by, and all 2,000 of the target as test.
    """

    domains: ClassVar[tuple[str, ...]] = tuple(BagsOfWords.sources)
    licence: ClassVar[str] = BagsOfWords.licence
    origin: ClassVar[str] = f"Blitzer et al., ACL 2007; bow: {BagsOfWords.origin}; text: {ReviewTexts.origin}"
    primary_metric: ClassVar[str] = "accuracy"

    class Params(SplitParams):
        """What is seen of a review, and the options of views; the seed by which val and dealt splits are drawn."""

        view: Literal["bow", "msda", "text"] = "bow"
        layers: Annotated[int, Field(ge=1, le=20)] = 5
        corruption: Annotated[float, Field(gt=0, lt=1)] = 0.5
        words: Annotated[int, Field(ge=1, le=FEATURES)] = FEATURES

        @model_validator(mode="after")
        def _options_are_of_the_view(self) -> Self:
            if self.view != "text" and "splits" in self.model_fields_set:
                raise ValueError(f"splits are dealt where view = 'text'; view = {self.view!r} has the published ones")
            stray = [name for name in _STACK if name in self.model_fields_set]
            if self.view != "msda" and stray:
                raise ValueError(f"{', '.join(stray)}: of view = 'msda' alone; remove it, or choose that view")
            return self

    def __init__(self, params: Params | None = None) -> None:
        self._view = _view(params or self.Params.model_validate({}))

    def load(self, domain: str) -> Domain:
        """A domain in the view that was asked for. Raises `DataError` where it is unknown or cannot be had."""
        return self._view.load(domain)

    def fingerprint(self) -> str:
        """Changes with the files of the view (16 hex digits)."""
        return self._view.fingerprint()

    def whereabouts(self) -> Sequence[DataLocation]:
        """Where the files of bags and of texts are, or what to do."""
        return [*BagsOfWords().whereabouts(), *ReviewTexts().whereabouts()]


def _view(chosen: AmazonReviews.Params) -> PublicDataset:
    if chosen.view == "text":
        return ReviewTexts(chosen)
    if chosen.view == "msda":
        return DenoisedBags(chosen.seed, Stack(chosen.layers, chosen.corruption, chosen.words))
    return BagsOfWords(chosen.seed)
