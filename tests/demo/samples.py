"""The sample world as it lies in `deploy/samples`: its objects, and the changes made to it."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from cluster.api import Api
from cluster.objects import KubeObject, dig, text
from cluster.rest import Answer

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"
LOCAL = SAMPLES / "local"
_CHANGES = SAMPLES / "changes"


@dataclass(frozen=True)
class Change:
    """One step of the demo: what goes, and what comes as whole objects."""

    number: int
    title: str
    delete: tuple[KubeObject, ...]
    apply: tuple[KubeObject, ...]
    readme: Path

    def make(self, api: Api) -> tuple[Answer, ...]:
        """Make the change; the answers of the API server, in order."""
        deleted = [
            api.delete(
                text(each, "apiVersion"),
                text(each, "kind"),
                text(each, "metadata", "name"),
                text(each, "metadata", "namespace"),
            )
            for each in self.delete
        ]
        return (*deleted, *apply(api, self.apply))


def base() -> tuple[KubeObject, ...]:
    """The objects of the world before any change, as the kustomization lists them."""
    [kustomization] = read(SAMPLES / "kustomization.yaml")
    resources = dig(kustomization, "resources")
    assert isinstance(resources, list)
    return tuple(each for name in resources for each in read(SAMPLES / name))


def local() -> tuple[KubeObject, ...]:
    """What the world needs besides where there is no kubelet and no cluster DNS."""
    return tuple(each for path in sorted(LOCAL.glob("*.yaml")) for each in read(path))


def changes() -> tuple[Change, ...]:
    """The changes, in order."""
    folders = sorted(path for path in _CHANGES.iterdir() if path.is_dir())
    return tuple(_change(folder) for folder in folders)


def apply(api: Api, manifests: tuple[KubeObject, ...]) -> tuple[Answer, ...]:
    """Apply manifests in the order given; the API server refuses unknown fields."""
    return tuple(api.apply(each) for each in manifests)


def read(path: Path) -> tuple[KubeObject, ...]:
    """The objects of a YAML file."""
    with path.open() as stream:
        return tuple(each for each in yaml.safe_load_all(stream) if each)


def _change(folder: Path) -> Change:
    readme = folder / "README.md"
    heading = readme.read_text().splitlines()[0]
    return Change(
        number=int(folder.name.partition("-")[0]),
        title=heading.removeprefix("# "),
        delete=read(folder / "delete.yaml") if (folder / "delete.yaml").exists() else (),
        apply=read(folder / "apply.yaml") if (folder / "apply.yaml").exists() else (),
        readme=readme,
    )
