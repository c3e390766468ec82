"""The page of a suite as one HTML file: data, style, script and libraries inside, every name escaped."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from tlbench.core.local_paths import shown_name
from tlbench.core.plain_text import plain, plain_data, plain_lines
from tlbench.evaluation.verdicts import VERDICTS
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.claims.sections import OUTCOMES, verdict_counts
from tlbench.leaderboard.tables.cells import Table, count
from tlbench.leaderboard.validators.board import board
from tlbench.leaderboard.validators.choices import Votes
from tlbench.publishing.harm_counts import Harm, harm_of_all
from tlbench.publishing.run_environment import device, statuses
from tlbench.publishing.web.page_data import content, plain_table
from tlbench.suites.suite import FURTHER_REFERENCES
from tlbench.version import __version__

#: In the order in which they need each other.
LIBRARIES = ("d3.min.js", "plot.umd.min.js", "tabulator.min.js")
STYLES = ("vendor/tabulator_simple.min.css", "page.css")
LIVE_STYLE, LIVE_SCRIPT = "live.css", "live.js"
#: Of pages with several label budgets and targets alone, and of those with references that not every suite has.
BUDGETS_SCRIPT, REFERENCES_SCRIPT = "label_budgets.js", "further_references.js"
#: In JSON inside HTML these would be read as markup, or end a line of script.
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
_SOURCE_MAP = re.compile(r"(//# sourceMappingURL=\S*|/\*# sourceMappingURL=.*?\*/)")


def suite_page(result_set: ResultSet, notes: str = "", votes: Votes | None = None, *, live: bool = False) -> str:
    """The page. `notes` is hand-written Markdown on what came out. Raises `TlbenchError` as the tables do.

    `votes` are predicted classes by run key, from which validators that compare models read. A `live` one asks the
    server that it came from what is new, links to no file beside it, and does not judge validators.
    """
    suite, data = result_set.plan.suite, plain_data(content(result_set))
    styles = (*STYLES, *((LIVE_STYLE,) if live else ()))
    further = any(cell.variant in FURTHER_REFERENCES for cell in result_set.cells)
    parts = ((BUDGETS_SCRIPT, "budgets" in data), (REFERENCES_SCRIPT, further), (LIVE_SCRIPT, live))
    more = [name for name, wanted in parts if wanted]
    text: str = _template("page.html.j2").render(
        live=live,
        suite=plain(suite),
        summary=plain(result_set.plan.summary),
        facts=_facts(result_set),
        claims=data["claims"],
        validators=[] if live else _plain_tables(board({suite: result_set}, {suite: votes or {}})),
        about=_prose(notes, result_set.plan.about),
        data=_json(_without_claims(data)),
        styles=Markup("\n".join(_asset(*name.split("/")) for name in styles)),
        scripts=[Markup(text) for text in (*_scripts(), *map(_asset, more))],
        licences=_asset("vendor", "LICENSES.txt"),
        version=__version__,
    )
    return text


def live_parts(result_set: ResultSet) -> dict[str, Any]:
    """What changes on a live page while records land: its data, its facts, and its published figures as HTML."""
    data = plain_data(content(result_set))
    claims = _template("claims.html.j2").render(claims=data["claims"]) if data["claims"] else ""
    return {"data": _without_claims(data), "facts": _facts(result_set), "claims": claims}


def index_page(result_sets: Mapping[str, ResultSet], notes: str = "", validators: Sequence[Table] = ()) -> str:
    """The page over all suites, by the names of their folders. `notes` is hand-written Markdown.

    `validators` are the tables of these over all of them.
    """
    found = harm_of_all(result_sets)
    suites = [plain_data(_entry(name, result_set, found[name])) for name, result_set in result_sets.items()]
    text: str = _template("index.html.j2").render(
        suites=suites,
        outcomes=OUTCOMES,
        notes=_prose(notes, ""),
        validators=_plain_tables(validators),
        styles=Markup(_asset("page.css")),
        script=Markup(_asset("js", "0-theme.js")),
        version=__version__,
    )
    return text


def _plain_tables(tables: Sequence[Table]) -> list[Any]:
    return [plain_data(plain_table(table)) for table in tables]


def _without_claims(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the script reads; published figures are written into the page as they are."""
    return {name: value for name, value in data.items() if name != "claims"}


def _entry(name: str, result_set: ResultSet, found: Harm) -> dict[str, Any]:
    """A row of the page over all suites."""
    verdicts = sum(found.verdicts.values(), Counter())
    return {
        "name": name,
        "summary": result_set.plan.summary,
        "runs": len(result_set.records),
        "seeds": len(result_set.plan.seeds),
        "devices": _devices(result_set),
        "verdicts": {verdict: verdicts[verdict] for verdict in VERDICTS if verdicts[verdict]},
        "figures": verdict_counts(result_set) if result_set.plan.claims else None,
    }


def _template(name: str) -> Any:
    environment = Environment(
        loader=PackageLoader("tlbench.publishing.web", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def _facts(result_set: ResultSet) -> list[str]:
    """What was run, in a few words each."""
    records = list(result_set.records.values())
    devices = _devices(result_set)
    started = sorted(str(r.provenance["started_utc"])[:10] for r in records if r.provenance.get("started_utc"))
    facts = [
        f"{count(len(records), 'run')}: {statuses(records)}",
        count(len(result_set.plan.seeds), "seed"),
        f"dataset {shown_name(result_set.plan.dataset)}",
        *(devices if len(devices) <= 2 else [f"{len(devices)} devices"]),
        *([f"run in {started[0]} to {started[-1]}"] if started and started[0] != started[-1] else started[:1]),
    ]
    return [plain(fact) for fact in facts]


def _devices(result_set: ResultSet) -> list[str]:
    """Where its runs were computed."""
    return sorted({device(r.provenance) for r in result_set.records.values() if r.provenance} - {""})


def _prose(notes: str, about: str) -> Markup:
    """Markdown as HTML in which no tag of the text's own is left."""
    # Without images: the page would ask another server for them, and tell it who reads.
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    heading = "" if not notes or notes.startswith("#") else "### What came out\n\n"
    return Markup(markdown.render(plain_lines(f"{heading}{notes}\n\n{about}".strip())))


def _json(data: Any) -> Markup:
    """JSON in the order of the data, which is that of the suite's metrics and of a table's rows."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_UNSAFE))


def _scripts() -> Iterator[str]:
    yield from (_asset("vendor", name) for name in LIBRARIES)
    yield "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(_assets("js").iterdir(), key=lambda path: path.name)
    )


def _asset(*names: str) -> str:
    """A file of this package that goes into a page as it is."""
    return _SOURCE_MAP.sub("", _assets(*names).read_text(encoding="utf-8"))


def _assets(*names: str) -> Traversable:
    return files("tlbench.publishing.web").joinpath("assets", *names)
