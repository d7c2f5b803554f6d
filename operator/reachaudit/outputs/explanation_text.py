"""An explanation for a person: the answer first, then the path, then what would change it."""

import textwrap
from collections.abc import Callable, Iterator

from reachaudit.checks.words import counted, some
from reachaudit.model.names import Ref
from reachaudit.outputs.edit_text import edit_lines, edit_summary
from reachaudit.outputs.hop_text import path_lines, rules_text
from reachaudit.outputs.text import safe
from reachaudit.reach.explain import listed
from reachaudit.reach.verdict import Outcome, Value
from reachaudit.reach.why import names
from reachaudit.reach.why.explanation import Answer, Explanation
from reachaudit.reach.why.flips import Flip, Goal
from reachaudit.reach.why.needs import Kind
from reachaudit.reach.why.rests import Rest

Paint = Callable[[str, Outcome], str]
_FLIPS = 3


def plain(text: str, _: Outcome) -> str:
    """Without colour."""
    return text


def explanation_text(explanation: Explanation, paint: Paint = plain, width: int = 0) -> str:
    """`paint` colours the verdicts. Lines are folded at `width`; 0 leaves them whole.

    The first lines are the answers, one each.
    """
    told = [(_head(explanation, g, paint), _body(explanation, g[0])) for g in _alike(explanation)]
    lines = [head for head, _ in told] if len(told) > 1 else []
    for head, body in told:
        lines += [*([""] if lines else []), head, *(_fold(safe(line), width) for line in body)]
    lines += [_fold(f"Left out: {why}.", width) for why in _absent(explanation)]
    return "\n".join(lines) + "\n"


def _alike(explanation: Explanation) -> list[list[Answer]]:
    """Answers of the two families that say the same are told once."""
    found: dict[object, list[Answer]] = {}
    for answer in explanation.answers:
        because = tuple(told.because for hop in answer.hops for told in hop.sides)
        ends = names.sources(explanation, answer), names.targets(explanation, answer)
        key = answer.outcome, names.ports(answer), because, ends, answer.verdict.note
        found.setdefault(key, []).append(answer)
    return list(found.values())


def _head(explanation: Explanation, group: list[Answer], paint: Paint) -> str:
    """`DENY  shop/web[Deployment] → data/db[Deployment] 5432/TCP: egress shut by …`."""
    answer = group[0]
    families = {each.family for each in explanation.answers}
    family = " and ".join(each.family for each in group) if len(families) > 1 else ""
    source = some(names.sources(explanation, answer))
    target = some(names.targets(explanation, answer))
    asked = f"{source} → {target} {names.ports(answer)} {family}".rstrip()
    short = _short(answer)
    told = f"{asked}: {short}" if short else asked
    return f"{paint(answer.outcome.value, answer.outcome)}  {safe(told)}"


def _short(answer: Answer) -> str:
    """Why, in a few words."""
    verdict = answer.verdict
    shut = [hop for hop in answer.hops if hop.way.value is Value.DENY]
    if answer.outcome is Outcome.UNKNOWN and verdict.reason is not None:
        return ", ".join(filter(None, (verdict.reason.value, verdict.note)))
    if answer.outcome is Outcome.PARTIAL:
        told = f"{counted(len(shut), 'way')} of {len(answer.hops)} shut" if shut else ""
        return ", ".join(filter(None, ("the network chooses", told, verdict.note)))
    by: dict[str, list[Ref]] = {}
    for side in (told.side for hop in shut for told in hop.sides):
        if side.value is Value.DENY and answer.outcome is Outcome.DENY:
            by.setdefault(side.direction, []).extend(side.policies)
    policies = [f"{direction} shut by {listed(refs)}" for direction, refs in by.items()]
    return " and ".join(filter(None, (verdict.note, *policies)))


def _body(explanation: Explanation, answer: Answer) -> Iterator[str]:
    yield from path_lines(explanation, answer)
    if not answer.hops and answer.verdict.rules:
        yield f"  Rule: {', '.join(answer.verdict.rules)}"
    for goal in ("open", "shut"):
        yield from _goal_lines(answer, goal)
    for way in answer.ways_in:
        yield f"  From {way.zone} by {way.way} of {way.by}: {way.verdict.outcome.value}"
    if answer.evidence:
        yield f"What would settle it: {answer.evidence}"
    if answer.caveats:
        yield f"Beside: {'; '.join(answer.caveats)}."
    if answer.rests:
        yield f"Rests on {'; '.join(map(_rest, answer.rests))}."


def _rest(rest: Rest) -> str:
    """`ip-blocks-match-pods=true (DENY under ip-blocks-match-pods=false)`."""
    verdicts = " or ".join(outcome.value for outcome in rest.outcomes)
    return f"{rest.held} ({verdicts} under {rest.instead})"


def _goal_lines(answer: Answer, goal: Goal) -> Iterator[str]:
    for need in answer.needs:
        told_anyway = bool(answer.evidence) and need.kind is Kind.UNKNOWN
        if need.goal == goal and not told_anyway:
            whole = need.kind in (Kind.BEYOND_POLICY, Kind.UNKNOWN)
            yield f"{'' if whole else f'To {goal} it: '}{need.text}{rules_text(need.rules)}"
    reached = [flip for flip in answer.flips if (flip.becomes is Outcome.ALLOW) == (goal == "open")]
    if not reached:
        return
    several = len(reached[0].edits) > 1
    yield f"To {goal} it, {'these changes are' if several else 'this change is'} enough:"
    yield from _flip_lines(reached[0])
    for flip in reached[1:_FLIPS]:
        yield f"  or {' and '.join(map(edit_summary, flip.edits))} ({_radius(flip)})"
    if len(reached) > _FLIPS:
        yield f"  or {counted(len(reached) - _FLIPS, 'other way')} (-o json)"


def _flip_lines(flip: Flip) -> Iterator[str]:
    for edit in flip.edits:
        first, *rest = edit_lines(edit)
        yield f"  - {first}"
        yield from (f"  {line}" for line in rest)
    yield f"    ({_radius(flip)})"


def _radius(flip: Flip) -> str:
    """How much it changes in all."""
    parts = [f"opens {counted(flip.gained, 'flow')}"] if flip.gained else []
    parts += [f"shuts {counted(flip.lost, 'flow')}"] if flip.lost else []
    told = f"in all {' and '.join(parts)}" if parts else "no flow between workloads changes"
    return f"for everybody, as no narrower rule is sure to; {told}" if flip.for_all else told


def _absent(explanation: Explanation) -> list[str]:
    """Pods that neither send nor receive, where others do."""
    group = explanation.target.group
    found = (*explanation.source.absent, *(group.absent if group else ()))
    return [safe(why) for why in found if explanation.answers[0].asked.questions]


def _fold(line: str, width: int) -> str:
    """YAML stays as it is."""
    indent = " " * (len(line) - len(line.lstrip()))
    if not width or len(line) <= width or len(indent) > 6:
        return line
    return textwrap.fill(
        line.strip(),
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
