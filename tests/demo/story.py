"""The demo's story: what is wrong in the shop, and what five changes make of it."""

from typing import NamedTuple

from demo import held, samples
from demo.expected import Expected, Step, steps
from demo.targets import Target
from demo.telling import Teller
from demo.watching import Effect, Finding, Watcher


class Result(NamedTuple):
    """The demo in numbers.

    `events`: how often an Event was told, as the API server holds them. `series`: of the last
    scrape. `errors`: what was not as the samples promise, and what the operator complained of.
    """

    findings_opened: int
    findings_closed: int
    events: int
    series: int
    verdict_ms_max: float
    errors: int


class Story:
    """Tells it once."""

    def __init__(self, target: Target, teller: Teller) -> None:
        self._target, self._teller = target, teller
        self._watcher = Watcher(target.operator)
        self._effects: list[Effect] = []
        self._wrong = 0

    def tell(self) -> Result:
        """The world as it is, then change by change."""
        promised = steps()
        self._watcher.settle()
        findings = self._watcher.findings()
        self._teller.findings(findings)
        self._compare(promised[0], findings)
        for change, step in zip(samples.changes(), promised[1:], strict=True):
            self._change(change, step)
        return self._result()

    def _change(self, change: samples.Change, step: Step) -> None:
        api, operator, teller = self._target.api, self._target.operator, self._teller
        teller.step(f"Change {change.number} of 5: {change.title}")
        events, series = held.events(api), held.shown(held.series(operator.metrics().text))
        answers = change.make(api)
        effect = self._watcher.effect(answers[-1].at)
        self._effects.append(effect)
        findings = self._watcher.findings()
        teller.effect(effect)
        teller.events(held.news(events, held.events(api)))
        teller.metrics(series, held.shown(held.series(operator.metrics().text)))
        teller.findings(findings, effect.opened)
        self._compare(step, findings)

    def _compare(self, step: Step, findings: tuple[Finding, ...]) -> None:
        """Where the samples can promise what is open, it must be so."""
        if not self._target.complete:
            return
        found = {Expected(finding.check, finding.kind, finding.name) for finding in findings}
        for word, surprises in (("missing", step.open - found), ("unexpected", found - step.open)):
            for surprise in sorted(surprises):
                self._wrong += 1
                self._teller.say(f"error: {word}: {' '.join(surprise)}")

    def _result(self) -> Result:
        complaints = self._target.operator.complaints()
        for complaint in complaints:
            self._teller.say(f"error: the operator says: {complaint}")
        return Result(
            findings_opened=sum(len(effect.opened) for effect in self._effects),
            findings_closed=sum(len(effect.closed) for effect in self._effects),
            events=held.times(held.events(self._target.api)),
            series=len(held.series(self._target.operator.metrics().text)),
            verdict_ms_max=round(max(effect.seconds for effect in self._effects) * 1000, 1),
            errors=self._wrong + len(complaints),
        )
