"""The form of a training: each choice beside the reason for what is recommended, and its faults below."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st

from apps.screens.style import plain

NO_WEIGHTS, WEIGHTS = "none", "pretrained"
WEIGHTS_KEY = "model.backbone_weights"
STEPS, BATCH = "training.max_steps", "training.train_batch_size"
VALIDATED, FROZEN = "training.check_val_every_n_epoch", "training.unfreezing_step"
PRESETS = ("dlc", "dlc-lr", "dlc-top-down", "dlc-mv", "none")
LOG_WEIGHTS = {
    "view_consistency": 1.0,
    "supervised_reprojection_heatmap_mse": 3.0,
    "supervised_pairwise_projections": 3.0,
}
LOG_WEIGHT = 5.0  # of losses on unlabeled video: 1 / (2 exp(5)), a nudge
PRECISIONS = {
    "auto": "by the machine",
    "fp32": "32 bit",
    "bf16": "16 bit, bfloat",
    "fp16": "16 bit, GPUs only",
}


def kept(key: str, default: Any, options: Sequence[Any] | None = None) -> str:
    """Return the key of a widget that has its value, or the default where it has none that can be chosen."""
    value = st.session_state.get(key, default)
    st.session_state[key] = value if options is None or value in options else default
    return key


class Form:
    """Choices of a training, each drawn as a line with its reason."""

    def __init__(self, advice: dict[str, Any], faults: Sequence[str], project: str) -> None:
        """Take up what is recommended.

        Args:
            advice: what `litpose recommend --json` says.
            faults: of the last attempt, each beginning with the key that it is about.
            project: folder, as the configuration is to name it.
        """
        self.advice, self.faults = advice, list(faults)
        active = [choice for choice in advice["choices"] if choice["active"]]
        self.values = {choice["key"]: choice["value"] for choice in active}
        self.reasons = {choice["key"]: choice["reason"] for choice in active}
        self.values["data.data_dir"] = project
        self.said: set[str] = set()

    def draw(self) -> None:
        """Draw every choice that this project has."""
        st.markdown("##### Network")
        self._draw_network()
        st.markdown("##### Course")
        self._draw_course()

    def yaml_values(self) -> dict[str, Any]:
        """Return the configuration as nested data."""
        tree: dict[str, Any] = {}
        for key, value in self.values.items():
            *sections, last = key.split(".")
            place = tree
            for section in sections:
                place = place.setdefault(section, {})
            place[last] = value
        return tree

    def other_faults(self) -> list[str]:
        """Return faults that are of no choice that was drawn."""
        return [fault for fault in self.faults if fault not in self.said]

    def _draw_network(self) -> None:
        """Draw what the network is made of."""
        values = self.values
        types = {entry["name"]: entry for entry in self.advice["model_types"] if not entry["fault"]}
        with self._line("model.model_type") as line:
            words = {name: name.removeprefix("heatmap_").replace("_", " ") for name in types}
            chosen = self._choose(line, "Views", "model.model_type", words)
            self._why = types[chosen]["what"]
        backbones = {entry["name"]: entry for entry in self.advice["backbones"]}
        recommended = values["model.backbone"]
        with self._line("model.backbone") as line:
            chosen = self._choose(line, "Backbone", "model.backbone", {name: name for name in backbones})
            if chosen != recommended:
                self._why = f"recommended is {recommended}: {self.reasons['model.backbone']}"
        backbone = backbones[chosen]
        with self._line("model.backbone_weights") as line:
            self._draw_weights(line, backbone, same=chosen == recommended)
        with self._line("data.image_resize_dims") as line:
            size, step = dict(values["data.image_resize_dims"]), backbone["multiple"]
            for column, side in zip(line.columns(2), ("height", "width"), strict=True):
                label, key = f"{side.capitalize()}, px", kept(f"train {side}", size[side])
                size[side] = int(column.number_input(label, step, 4096, step=step, key=key))
            values["data.image_resize_dims"] = size

    def _draw_weights(self, line: Any, backbone: dict[str, Any], *, same: bool) -> None:
        """Draw what the backbone knows at the start."""
        words = {NO_WEIGHTS: "random"} | ({WEIGHTS: "learned before"} if backbone["hub_name"] else {})
        given = self.values.get(WEIGHTS_KEY, NO_WEIGHTS)
        if not (same and given in words):
            self.values[WEIGHTS_KEY] = WEIGHTS if backbone["at_hand"] else NO_WEIGHTS
        chosen = self._choose(line, "Weights", WEIGHTS_KEY, words, f"train weights {backbone['name']}")
        if chosen == NO_WEIGHTS:
            self._why = "need no download, and learn from few labels with this head and loss"
        elif backbone["at_hand"]:
            self._why = "they are on this machine already"
        else:
            self._why = f"will be fetched from the Hugging Face hub: {backbone['hub_name']}"

    def _draw_course(self) -> None:
        """Draw how long, in which portions, with what in addition."""
        values, recommended = self.values, self.values[STEPS]
        instants, views = sum(self.advice["instants"].values()), len(self.advice["views"]) or 1
        for key, name in ((STEPS, "Steps"), (BATCH, "Instants in a step")):
            advised = values[key]
            with self._line(key) as line:
                values[key] = int(line.number_input(name, 1, 10**7, key=kept(f"train {key}", advised)))
                if values[key] != advised:
                    batch = st.session_state.get(f"train {BATCH}", values[BATCH])
                    passes = f"about {values[STEPS] * batch / instants:.0f} passes over the labels"
                    said = passes if key == STEPS else f"{batch * views} images a step"
                    self._why = f"{said}; recommended are {advised}"
        scale = values[STEPS] / recommended  # as many validations, and as large a part of it frozen
        values[VALIDATED] = max(1, round(values.get(VALIDATED, 1) * scale))
        values.pop(FROZEN, None)
        if values[WEIGHTS_KEY] == WEIGHTS:
            values[FROZEN] = values[STEPS] // 10
        with self._line("losses") as line:
            self._draw_losses(line)
        with st.expander("More"):
            self._draw_more()

    def _draw_more(self) -> None:
        """Draw what is seldom changed."""
        with self._line("training.imgaug") as line:
            self._choose(line, "Augmentation", "training.imgaug", {name: name for name in PRESETS})
        if (key := "training.imgaug_hflip") in self.values:
            with self._line(key) as line:
                self.values[key] = line.toggle("Mirror", key=kept(f"train {key}", self.values[key]))
        with self._line("training.precision") as line:
            self._why = "16 bit is as good and faster where the processor has instructions for it"
            self._choose(line, "Precision", "training.precision", PRECISIONS)

    def _choose(self, line: Any, label: str, key: str, words: dict[str, str], widget: str = "") -> str:
        """Draw a choice among words, keep it, and return it."""
        options = list(words)
        default = self.values.get(key, options[0])
        self.values[key] = line.selectbox(
            label, options, format_func=words.__getitem__,
            key=kept(widget or f"train {key}", default if default in options else options[0], options),
        )  # fmt: skip
        return self.values[key]

    def _draw_losses(self, line: Any) -> None:
        """Draw which further losses there are, and why others cannot be had."""
        losses = {entry["name"]: entry for entry in self.advice["losses"]}
        possible = [name for name, entry in losses.items() if not entry["fault"]]
        chosen = line.multiselect(
            "Further losses", possible, placeholder="none", key="train losses",
            format_func=lambda name: name.replace("_", " "), disabled=not possible,
        )  # fmt: skip
        lacking: dict[str, list[str]] = {}
        for name, entry in losses.items():
            if entry["fault"]:
                lacking.setdefault(entry["fault"], []).append(name.replace("_", " "))
        said = [f"{name.replace('_', ' ')}: {losses[name]['what']}" for name in chosen]
        self._why = "; ".join(said) or (
            "on unlabeled video, or on geometry: none is recommended before a first model is there"
            if possible
            else "this project can have none: "
            + "; ".join(f"{', '.join(names)} {fault}" for fault, names in lacking.items())
        )
        on_video = [name for name in chosen if losses[name]["video"]]
        if on_video:
            self.values["model.losses_to_use"] = on_video
        for name in chosen:
            self.values[f"losses.{name}.log_weight"] = LOG_WEIGHTS.get(name, LOG_WEIGHT)
        if "supervised_reprojection_heatmap_mse" in chosen:
            self.values["training.imgaug_3d"] = True

    @contextmanager
    def _line(self, key: str) -> Iterator[Any]:
        """Yield a place for a choice; its reason stands beside it, what is wrong with it below."""
        left, right = st.columns([5, 6], vertical_alignment="center", gap="medium")
        self._why = self.reasons.get(key, "")
        yield left
        right.caption(plain(self._why[:1].upper() + self._why[1:]))
        wrong = [fault for fault in self.faults if fault.startswith(key)]
        for fault in wrong:
            st.error(plain(fault.partition(": ")[2] or fault))
        self.said.update(wrong)
