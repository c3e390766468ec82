"""The strategy does what every strategy has to do, and is what its paper says."""

from tlbench_example_ddc.strategy import DeepDomainConfusion

from tlbench.testing import Check, faithful, parametrize_with_checks


@parametrize_with_checks(["ddc"])
def test_ddc(check: Check) -> None:
    """One check each."""
    check()


def test_without_a_weight_it_is_training_on_the_source() -> None:
    """Bit for bit."""
    faithful.limit(DeepDomainConfusion, {"weight": 0.0}, equals="source-only")


def test_the_term_is_the_squared_distance_of_the_means() -> None:
    """In value and gradient."""
    subject = faithful.on_toy_task(DeepDomainConfusion, {"weight": 2.0})
    model, batch = subject.model, subject.batch
    source, target = (model.features(each.inputs).mean(0) for each in (batch.source, batch.target))
    faithful.same(subject.terms()["confusion"], 2.0 * (source - target).square().sum(), [model.backbone])
