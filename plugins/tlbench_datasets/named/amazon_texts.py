"""Amazon reviews as texts: the 2,000 labelled ones that Blitzer et al. chose of each domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tlbench.core.domain import Domain, Split
from tlbench_datasets.named.public_data import DataFile, Form, PublicData, PublicDataset
from tlbench_datasets.named.text_files import read_reviews, read_tables
from tlbench_datasets.shared.own_data import SplitParams, deal, domain_of

CLASS_NAMES = ("negative", "positive")

_ORIGIN = (
    "https://raw.githubusercontent.com/yftah89/Neural-SCL-Domain-Adaptation/"
    "75b6557f5bcfb316deb973907d92ec2d0eb9bcab/data"
)
_SHA256 = {
    "books/positive": "b740263ec09f4e8b070ba82dd160306d0bd870eb394bc8d6e191d76986c30b98",
    "books/negative": "c212e6f8601db51807baefc7db44e0c96c900fb53da16e57beaa7b96074a9c58",
    "dvd/positive": "3258e0b744068d5cf493b585edba40bd9f29ff457f7ff01be8b94c3af792047c",
    "dvd/negative": "58c9e62eb5e97de4dbc7817d4549c6cd23fb947d6403eaddae1cebc7a8459b17",
    "electronics/positive": "f4eee889891058bee5c0773f7c6862f8dc9ea59ef182d170ee42de2ff2c4844e",
    "electronics/negative": "f09930ad7cbf8e6e3be6add636c932c197ec7d55f351907d6c3cadc22bf4eeb0",
    "kitchen/positive": "bf12d5495293d490c61665111f55e33243cfa7281b96e62e467bc84d3b7e7a58",
    "kitchen/negative": "a73bb3dcbe165d18983aa37fa8afc1b745a643582b422b78d1d95ee4e0576318",
}


def _reviews(domain: str) -> PublicData[list[Split]]:
    files = [
        DataFile(f"amazon-reviews-parsed/{name}.parsed", f"{_ORIGIN}/{name}.parsed", f"sha256:{_SHA256[name]}")
        for name in (f"{domain}/positive", f"{domain}/negative")
    ]
    mirrored = Form(read_tables, DataFile(f"amazon-reviews-text-blitzer2000/{domain}.parquet"))
    return PublicData(f"Amazon reviews of {domain}, texts", mirrored, Form(read_reviews, *files))


class ReviewTexts(PublicDataset):
    """Titles and texts of 1,000 reviews of each class: `Texts`, without official splits, so these are dealt."""

    licence: ClassVar[str] = "none stated; use in research is customary"
    origin: ClassVar[str] = "https://github.com/yftah89/Neural-SCL-Domain-Adaptation"
    sources: ClassVar[Mapping[str, Sequence[PublicData[Any]]]] = {
        domain: (_reviews(domain),) for domain in ("books", "dvd", "electronics", "kitchen")
    }

    def __init__(self, shares: SplitParams | None = None) -> None:
        self._shares = shares or SplitParams.model_validate({})

    def make(self, domain: str) -> Domain:
        """A domain whose splits are dealt by the seed, copies together."""
        (reviews,) = self.sources[domain][0].load()
        keys = [str(row) for row in range(len(reviews))]
        members = deal(domain, reviews.inputs, reviews.labels, CLASS_NAMES, keys, self._shares)
        return domain_of(domain, "text", CLASS_NAMES, reviews.inputs, reviews.labels, members)
