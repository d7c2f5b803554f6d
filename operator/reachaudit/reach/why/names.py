"""Names: what an answer is about, in the words in which the question was put."""

from reachaudit.reach.addresses import cidrs
from reachaudit.reach.ends import Group
from reachaudit.reach.ports import by_protocol, ports_text, protocol_and_number
from reachaudit.reach.spots import Spot
from reachaudit.reach.standing import Standing
from reachaudit.reach.why.explanation import Answer, Explanation


def sources(explanation: Explanation, answer: Answer) -> tuple[str, ...]:
    """The source by its name, or those parts of it of which the answer holds."""
    spots = {question.source for question in answer.asked.questions}
    return _parts(explanation.source, spots, answer)


def targets(explanation: Explanation, answer: Answer) -> tuple[str, ...]:
    """The target by its name, or those parts of it of which the answer holds."""
    reached = (question.target for question in answer.asked.questions)
    spots = {target.spot for target in reached if isinstance(target, Standing)}
    if explanation.target.group is None:
        return (explanation.target.name,)
    return _parts(explanation.target.group, spots, answer)


def ports(answer: Answer) -> str:
    """`5432/TCP, 8000-8100/TCP`, `all ports`; of protocols without ports, `ICMP and alike`."""
    if not answer.asked.spans:
        return "ICMP and alike" if answer.asked.questions else "all ports"
    pieces = [piece for span in answer.asked.spans for piece in by_protocol(span)]
    if not pieces:  # SOME_PORT
        return ", ".join(f"?/{protocol_and_number(s.first)[0]}" for s in answer.asked.spans)
    if [(first, last) for _, first, last in pieces] == [(1, 65535)] * 3:
        return "all ports"
    return ", ".join(_range(protocol, first, last) for protocol, first, last in pieces)


def _range(protocol: str, first: int, last: int) -> str:
    whole = (first, last) == (1, 65535)
    return f"all {protocol}" if whole else f"{ports_text(first, last)}/{protocol}"


def _parts(group: Group, spots: set[Spot], answer: Answer) -> tuple[str, ...]:
    all_of_it = {spot for spot in group.spots if spot.family == answer.family}
    if spots >= all_of_it or not spots:
        return (group.name,)
    return tuple(name for spot in group.spots if spot in spots for name in _names(spot))


def _names(spot: Spot) -> tuple[str, ...]:
    if spot.pod is not None:
        return (f"{spot.pod.namespace}/{spot.pod.name}[Pod]",)
    if spot.node:
        return (f"node/{spot.node}",)
    return tuple(str(cidr) for block in spot.blocks for cidr in cidrs(block))
