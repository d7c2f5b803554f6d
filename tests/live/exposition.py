"""A scrape of the operator's metrics, as Prometheus' own parser reads it."""

from collections import defaultdict
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families


class Exposition:
    """The samples of a text exposition."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = list(text_string_to_metric_families(text))
        self._samples = [sample for family in self.families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels; 0 where there is none."""
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def by(self, name: str, *labels: str) -> Mapping[tuple[str, ...], float]:
        """The values that are not 0, by some labels."""
        found: defaultdict[tuple[str, ...], float] = defaultdict(float)
        for sample in self._samples:
            if sample.name == name and sample.value:
                found[tuple(sample.labels[label] for label in labels)] += sample.value
        return found
