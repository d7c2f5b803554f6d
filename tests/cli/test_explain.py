"""`explain`: what its user reads, on the samples and on what is wrong."""

from __future__ import annotations

import json

import pytest
import yaml

from cli.program import ROOT, on_terminal, reachaudit
from cli.schemas import assert_valid
from reachaudit.cli.command import FINE, INPUT

SAMPLES = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "deploy" / "samples").glob("*.yaml")
    if path.name != "kustomization.yaml"
)


def explained(*arguments: str) -> list[str]:
    done = reachaudit("explain", *arguments, *SAMPLES)
    assert (done.code, done.err) == (FINE, "")
    return done.out.splitlines()


def test_the_first_line_is_the_answer() -> None:
    first, *rest = explained("shop/cart", "data/db", "--port", "6379")
    assert first == "ALLOW  shop/cart[Deployment] → data/db[Deployment] 6379/TCP"
    assert (
        "    egress open: allowed by NetworkPolicy shop/cart spec.egress[0].to[0] (NP-9, NP-17)"
        in rest
    )


def test_each_run_of_ports_has_its_line_before_all_else() -> None:
    heads = explained("shop/cart", "data/db")[:2]
    assert {head.split()[0] for head in heads} == {"ALLOW", "DENY"}


@pytest.mark.parametrize(
    ("ends", "head"),
    [
        (("shop/web", "data/orders-db", "--port", "5432"), "DENY  shop/web[Deployment] →"),
        (
            ("internet", "nodeport:partners/portal"),
            "ALLOW  internet → nodeport:partners/portal 30080",
        ),
        (("internet", "ing:shop.example.com/"), "ALLOW  internet → ing:shop.example.com/ 80/TCP"),
        (("internet", "svc:partners/portal"), "NO_PATH  internet → svc:partners/portal 80/TCP"),
        (("legacy/erp", "svc:legacy/mail"), "UNKNOWN  legacy/erp[Deployment] →"),
        (("shop/web", "metadata", "--port", "80"), "DENY  shop/web[Deployment] → metadata 80/TCP"),
        (("203.0.113.7", "lb:legacy/erp"), "ALLOW  203.0.113.7 → lb:legacy/erp 443/TCP"),
    ],
)
def test_every_kind_of_end_has_an_answer(ends: tuple[str, ...], head: str) -> None:
    assert explained(*ends)[0].startswith(head)
    done = reachaudit("explain", *ends, *SAMPLES, "-o", "json")
    assert (done.code, done.err) == (FINE, "")
    assert_valid(done.out, "explain.v1")


def test_the_change_that_is_named_can_be_applied_as_it_is_printed() -> None:
    """It is cut out of the text, put beside the samples, and the answer is another."""
    ends = ("monitoring/prometheus", "shop/web", "--port", "8080")
    lines = explained(*ends)
    assert lines[0].startswith("DENY")
    document = json.loads(reachaudit("explain", *ends, *SAMPLES, "-o", "json").out)
    made = [c for f in document["answers"][0]["flips"] for c in f["changes"] if c["manifest"]]
    text = yaml.safe_dump(made[0]["manifest"])
    done = reachaudit("explain", *ends, *SAMPLES, "-", stdin=text)
    assert done.code == FINE
    assert done.out.startswith("ALLOW")


def test_yaml_in_the_text_is_yaml() -> None:
    lines = explained("myproject/frontend", "data/orders-db", "--port", "5432")
    start = next(i for i, line in enumerate(lines) if line.startswith("  - in NetworkPolicy"))
    block = [line for line in lines[start + 1 :] if line.startswith("      ")]
    [rule] = yaml.safe_load("\n".join(block))
    assert rule["ports"] == [{"protocol": "TCP", "port": 5432}]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("shop/wbe", "data/db"),
            "there is no pod and no workload shop/wbe; did you mean shop/web",
        ),
        (("shop/web", "svc:data/nothing"), "there is no Service data/nothing"),
        (("svc:shop/web", "data/db"), "svc:shop/web receives and never sends"),
        (("shop/web", "data/db", "--port", "http"), "--port wants PORT"),
        (("shop/web", "data/db", "--port", "0"), "--port wants PORT"),
        (("internet", "ing:shop.example.com/", "--port", "80"), "its port follows from them"),
        (("shop/web", "data/db", "--assume", "sun=shines"), "no assumption is named 'sun'"),
    ],
)
def test_wrong_input_gets_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    done = reachaudit("explain", *arguments, *SAMPLES)
    assert (done.code, done.out) == (INPUT, "")
    [line] = done.err.splitlines()
    assert line.startswith("reachaudit: ")
    assert sentence in line


def test_what_cannot_be_read_is_told_and_the_rest_is_explained() -> None:
    broken = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata: {name: p, namespace: shop}\nspec: [1]\n"
    )
    ends = ("shop/cart", "data/db", "--port", "6379")
    done = reachaudit("explain", *ends, *SAMPLES, "-", stdin=broken)
    assert done.code == FINE
    assert "NetworkPolicy" in done.err
    assert done.out.splitlines()[0].startswith("UNKNOWN  shop/cart[Deployment]")
    assert "What would settle it: " in done.out


def test_it_needs_a_source_of_objects_and_two_ends() -> None:
    done = reachaudit("explain", "shop/web", "data/db")
    assert (done.code, done.out) == (INPUT, "")
    assert "name manifests as PATH" in done.err
    assert reachaudit("explain", "shop/web").code == INPUT


def test_colour_and_folding_are_for_terminals() -> None:
    ends = ("explain", "shop/web", "data/orders-db", "--port", "5432", *SAMPLES)
    shown = on_terminal(*ends, columns=72)
    assert shown.startswith("\x1b[1;31mDENY\x1b[0m  ")
    plain = [line for line in shown.splitlines()[1:] if "deploy/samples" not in line]
    assert max(map(len, plain)) <= 72
    assert "\x1b" not in on_terminal(*ends, NO_COLOR="1")
    assert "\x1b" not in reachaudit(*ends).out


def test_names_of_others_do_not_steer_terminals() -> None:
    odd = 'kind: Pod\napiVersion: v1\nmetadata: {name: "a\\e[31m\\u202e", namespace: x}\nspec: {}\n'
    done = reachaudit("explain", "x/a\x1b[31m\u202e", "internet", "-", stdin=odd)
    assert "\x1b" not in done.out + done.err
    assert "\u202e" not in done.out + done.err


def test_kubectl_finds_it() -> None:
    done = reachaudit("explain", "--help", program="kubectl-reachaudit")
    assert done.out.startswith("usage: kubectl reachaudit explain")
