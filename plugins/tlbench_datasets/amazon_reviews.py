"""Amazon product reviews of four domains, as bags of words or as texts: `amazon-reviews`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from tlbench.domain import Dataset, Domain, Whereabouts
from tlbench_datasets.amazon_bow import BagsOfWords
from tlbench_datasets.amazon_texts import ReviewTexts
from tlbench_datasets.own_data import SplitParams
from tlbench_datasets.public_data import PublicDataset


class AmazonReviews(Dataset):
    """Negative and positive reviews of books, DVDs, electronics and kitchen appliances (Blitzer et al., ACL 2007).

    - `view = "bow"`: counts of 5,000 words and pairs of words, `SparseRows` (n, 5000), as Chen et al. (ICML 2012) made
      them and Ganin et al. (JMLR 2016, https://jmlr.org/papers/v17/15-239.html, table 1) used them. Test (3,586 to
      5,945) is theirs. A tenth of each class of their train, 2,000 reviews, is val. Of the 2,000 between 108 and 162
      stand in test as well; these are left out of train and val.
    - `view = "text"`: the 2,000 reviews themselves, title and body, `Texts`. The splits are dealt by the seed. With
      `splits = [0.6, 0.2, 0.2]` and `evaluation = "transductive-test"` they have the sizes of Ziser & Reichart
      (CoNLL 2017): about 1,600 of a source to train on, 400 to select by, and all 2,000 of the target as test.
    """

    domains: ClassVar[tuple[str, ...]] = tuple(BagsOfWords.sources)
    licence: ClassVar[str] = BagsOfWords.licence
    origin: ClassVar[str] = f"Blitzer et al., ACL 2007; bow: {BagsOfWords.origin}; text: {ReviewTexts.origin}"
    primary_metric: ClassVar[str] = "accuracy"

    class Params(SplitParams):
        """What is seen of a review; the seed by which val and dealt splits are drawn, and the shares of the latter."""

        view: Literal["bow", "text"] = "bow"

        @model_validator(mode="after")
        def _splits_are_of_texts(self) -> Self:
            if self.view == "bow" and "splits" in self.model_fields_set:
                raise ValueError("splits are dealt where view = 'text'; view = 'bow' has the published ones")
            return self

    def __init__(self, params: Params | None = None) -> None:
        chosen = params or self.Params.model_validate({})
        self._view: PublicDataset = ReviewTexts(chosen) if chosen.view == "text" else BagsOfWords(chosen.seed)

    def load(self, domain: str) -> Domain:
        """A domain in the view that was asked for. Raises `DataError` where it is unknown or cannot be had."""
        return self._view.load(domain)

    def fingerprint(self) -> str:
        """Changes with the files of the view (16 hex digits)."""
        return self._view.fingerprint()

    def whereabouts(self) -> Sequence[Whereabouts]:
        """Where the files of both views are, or what to do."""
        return [*BagsOfWords().whereabouts(), *ReviewTexts().whereabouts()]
