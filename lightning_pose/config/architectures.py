"""The backbones there are, as plain data: what each is made of, and where its weights come from."""

from typing import Literal, NamedTuple

Family = Literal["resnet", "convnext", "hiera", "vit", "mae", "dinov2", "dinov3"]


class Architecture(NamedTuple):
    """One backbone.

    Attributes:
        family: whose layers it is made of.
        depths: blocks in each stage.
        widths: channels of each stage; each stage gives a feature map.
        hub_name: of its weights on the Hugging Face hub; None where they come from a file, or not at all.
        heads: of attention, in the first stage; later ones have twice as many each.
        table: rows, and columns, of the table of learned positions, which is interpolated to the image.
        global_blocks: those that attend to the whole image (Hiera only; the others see windows).
        gated: whether the hub asks for a licence to be accepted.
        origin: where weights come from that are not on the hub.
    """

    family: Family
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    hub_name: str | None
    heads: int = 0
    table: int = 0
    global_blocks: tuple[int, ...] = ()
    gated: bool = False
    origin: str = ""

    @property
    def has_tokens(self) -> bool:
        """Whether it is a plain vision transformer, of which several images can make one sequence."""
        return len(self.widths) == 1

    @property
    def strides(self) -> tuple[int, ...]:
        """Input pixels per feature, of each map, the finest first."""
        return (16,) if self.has_tokens else (4, 8, 16, 32)

    @property
    def multiple(self) -> int:
        """Height and width of its images are multiples of this many pixels."""
        return self.strides[-1]


def _resnet(
    depths: tuple[int, ...], hub_name: str | None, width: int = 256, origin: str = ""
) -> Architecture:
    widths = (width, 2 * width, 4 * width, 8 * width)
    return Architecture("resnet", depths, widths, hub_name, origin=origin)


def _vit(
    family: Family, width: int, hub_name: str | None, *, depth: int = 12, table: int = 14, gated: bool = False
) -> Architecture:
    return Architecture(family, (depth,), (width,), hub_name, width // 64, table, gated=gated)


def _convnext(depths: tuple[int, ...], hub_name: str) -> Architecture:
    return Architecture("convnext", depths, (96, 192, 384, 768), hub_name)


def _hiera(depths: tuple[int, ...], global_blocks: tuple[int, ...], hub_name: str) -> Architecture:
    return Architecture("hiera", depths, (96, 192, 384, 768), hub_name, 1, 7, global_blocks)


def _openmmlab(data: str) -> Architecture:
    origin = f"OpenMMLab's model zoo has them as a file: mmpose, ResNet-50 trained on {data}"
    return _resnet((3, 4, 6, 3), None, origin=origin)


BACKBONES: dict[str, Architecture] = {
    "resnet18": _resnet((2, 2, 2, 2), "microsoft/resnet-18", 64),
    "resnet34": _resnet((3, 4, 6, 3), "microsoft/resnet-34", 64),
    "resnet50": _resnet((3, 4, 6, 3), "microsoft/resnet-50"),
    "resnet101": _resnet((3, 4, 23, 3), "microsoft/resnet-101"),
    "resnet152": _resnet((3, 8, 36, 3), "microsoft/resnet-152"),
    "resnet50_animal_apose": _openmmlab("Animal-Pose"),
    "resnet50_animal_ap10k": _openmmlab("AP-10K"),
    "resnet50_human_jhmdb": _openmmlab("JHMDB"),
    "resnet50_human_res_rle": _openmmlab("COCO, with residual log-likelihood estimation"),
    "resnet50_human_top_res": _openmmlab("COCO, top-down heatmaps"),
    "resnet50_human_hand": _openmmlab("hands"),
    "convnext_tiny": _convnext((3, 3, 9, 3), "facebook/convnext-tiny-224"),
    "convnext_small": _convnext((3, 3, 27, 3), "facebook/convnext-small-224"),
    "vitt": _vit("vit", 192, None, depth=6, table=16),
    "vits_dino": _vit("vit", 384, "facebook/dino-vits16"),
    "vitb_dino": _vit("vit", 768, "facebook/dino-vitb16"),
    "vits_dinov2": _vit("dinov2", 384, "facebook/dinov2-small", table=37),
    "vitb_dinov2": _vit("dinov2", 768, "facebook/dinov2-base", table=37),
    "vits_dinov3": _vit("dinov3", 384, "facebook/dinov3-vits16-pretrain-lvd1689m", table=0, gated=True),
    "vitb_dinov3": _vit("dinov3", 768, "facebook/dinov3-vitb16-pretrain-lvd1689m", table=0, gated=True),
    "vitb_imagenet": _vit("mae", 768, "facebook/vit-mae-base"),
    "vitt_sam2": _hiera((1, 2, 7, 2), (5, 7, 9), "facebook/sam2.1-hiera-tiny"),
    "vits_sam2": _hiera((1, 2, 11, 2), (7, 10, 13), "facebook/sam2.1-hiera-small"),
    "vitb_sam2": Architecture(
        "hiera", (2, 3, 16, 3), (112, 224, 448, 896), "facebook/sam2.1-hiera-base-plus", 2, 14, (12, 16, 20)
    ),
}
