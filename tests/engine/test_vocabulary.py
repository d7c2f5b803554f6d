"""What policies speak of, and how long it is spoken of."""

from __future__ import annotations

from reachaudit.model.facts import NetworkPolicy, Peer, PolicyPort, PolicyRule, Selector
from reachaudit.model.ip import Block
from reachaudit.reach.terms import Terms, may_match
from reachaudit.reach.vocabulary import PortName, Term, Vocabulary, Words, words_of

WEB = Selector((("app", "web"),))
RED = Selector((("team", "red"),))
BLOCK, HOLE = Block("IPv4", 0, 7), Block("IPv4", 4, 5)


def policy(ingress: bool = True, egress: bool = True) -> NetworkPolicy:
    return NetworkPolicy(
        "x",
        "p",
        ingress=(PolicyRule((Peer(pods=WEB, namespaces=RED),), (PolicyPort("TCP", 1, 0, "in"),)),),
        egress=(PolicyRule((Peer(block=BLOCK, excepts=(HOLE,)),), (PolicyPort("UDP", 1, 9),)),),
        isolates_ingress=ingress,
        isolates_egress=egress,
    )


INGRESS = Words(frozenset({Term("", WEB)}), frozenset({RED}), frozenset({PortName("in", "TCP")}))
EGRESS = Words(blocks=frozenset({BLOCK, HOLE}))


def test_a_policy_speaks_of_what_its_rules_name() -> None:
    assert words_of(policy()) == INGRESS._replace(blocks=EGRESS.blocks)


def test_rules_of_a_direction_that_is_not_isolated_speak_of_nothing() -> None:
    """NP-4."""
    assert words_of(policy(egress=False)) == INGRESS
    assert words_of(policy(ingress=False)) == EGRESS


def test_a_selector_of_everything_tells_nobody_apart() -> None:
    every = NetworkPolicy("x", "p", ingress=(PolicyRule((Peer(pods=Selector()),), None),))
    assert words_of(every) == Words()


def test_words_are_new_with_their_first_use_and_gone_with_their_last() -> None:
    vocabulary, words = Vocabulary(), words_of(policy())
    assert vocabulary.use(words) == words
    assert vocabulary.use(EGRESS) == Words()
    assert vocabulary.leave(words) == INGRESS
    assert vocabulary.blocks == {BLOCK, HOLE}
    assert vocabulary.leave(EGRESS) == EGRESS
    assert vocabulary.blocks == set()
    assert vocabulary.use(EGRESS) == EGRESS


def test_terms_in_use_have_numbers_of_their_own_and_give_them_back() -> None:
    terms, wanted = Terms(), [Term("x", WEB), Term("", WEB), Term("x", Selector())]
    numbers = [terms.add(term) for term in wanted]
    assert numbers == [terms.number(term) for term in wanted] == [0, 1, 2]
    assert terms.matched("x", (("app", "web"),)) == {0, 1, 2}
    assert terms.matched("y", (("app", "web"), ("tier", "db"))) == {1}
    assert terms.matched("x", ()) == {2}
    assert terms.drop(Term("", WEB)) == 1
    assert terms.matched("y", (("app", "web"),)) == frozenset()
    assert terms.add(Term("y", WEB)) == 1
    assert terms.add(Term("z", WEB)) == 3
    assert terms.matched("y", (("app", "web"),)) == {1}


def test_a_term_may_match_where_the_first_label_fits() -> None:
    assert may_match(Term("", WEB), (("app", "web"),))
    assert not may_match(Term("", WEB), (("app", "db"),))
    assert may_match(Term("", Selector()), ())
