"""Keep a backbone, or stages of it, from learning: no gradients, and running statistics as they are."""

from typing import NamedTuple

from torch import nn

STAGES = 4  # into which a backbone is divided


class Stage(NamedTuple):
    """A part of a backbone that is frozen as a whole."""

    parameters: list[nn.Parameter]
    modules: list[nn.Module]

    def freeze(self, frozen: bool) -> None:
        """Compute no gradients of its parameters and hold its statistics, or let it learn."""
        for parameter in self.parameters:
            parameter.requires_grad_(not frozen)
        for module in self.modules:
            module.training = not frozen


def whole(backbone: nn.Module) -> list[Stage]:
    """Return a backbone as one stage."""
    return [Stage(list(backbone.parameters()), list(backbone.modules()))]


def stages(backbone: nn.Module) -> list[Stage]:
    """Return a backbone in up to four stages, from the image on.

    Its blocks are those of its largest list of modules, consecutive ones together where there are more. What
    comes before belongs to the first stage, what comes after to the last one.
    """
    lists = [(name, part) for name, part in backbone.named_modules() if isinstance(part, nn.ModuleList)]
    if not lists:
        return whole(backbone)
    name, blocks = max(lists, key=lambda entry: sum(p.numel() for p in entry[1].parameters()))
    n = min(STAGES, len(blocks))
    names = [entry for entry, _ in backbone.named_modules()]
    places = {entry: place for place, entry in enumerate(names)}

    def stage_of(entry: str) -> int:
        if entry.startswith(f"{name}."):
            return int(entry[len(name) + 1 :].split(".")[0]) * n // len(blocks)
        return 0 if places[entry] <= places[name] else n - 1

    found = [Stage([], []) for _ in range(n)]
    for entry, module in backbone.named_modules():
        found[stage_of(entry)].modules.append(module)
        found[stage_of(entry)].parameters.extend(module.parameters(recurse=False))
    return found
