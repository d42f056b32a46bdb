"""VGG16 on photographs of the size that it was trained on: a new head, then the last block tuned on views of them."""

from typing import Any

import report_cli as report
from experiments.catsdogs import split_of
from experiments.catsdogs_transfer import (
    COMMON,
    HEAD,
    TUNED,
    AugmentedParams,
    Params,
    head_of,
    measure,
    needs,
)
from report_cli.training import augment

# 224 is what VGG16 was trained on: Simonyan and Zisserman (2015), section 2.1.
SIZES = {"smoke": 96, "quick": 96, "full": 224}
# The dearest of the transfer steps: one seed, unless --seeds asks for more.
FOLLOW_UP: dict[str, Any] = {**COMMON, "seeds": 1}


def needs_head(params: Params) -> tuple[str, ...]:
    """The head that was trained first, and the base."""
    return ("catsdogs-vgg16-large", *needs(params))


@report.experiment(
    "catsdogs-vgg16-large",
    title="VGG16, base frozen, larger images",
    needs=needs,
    profiles={name: Params(**{**HEAD[name], "size": size}) for name, size in SIZES.items()},
    cost_s={"smoke": 8, "quick": 15, "full": 500},
    **FOLLOW_UP,
)
def catsdogs_vgg16_large(params: Params, data: "report.ImageData", record: report.Record) -> None:
    """Do the features tell more of photographs of the size that the base was trained on?

    As catsdogs-vgg16-frozen, but the photographs have 224 pixels a side in place of 150.

    Command: report run catsdogs-vgg16-large --profile full

    Expected (full): 0.97 to 0.985 test accuracy. 0.005 is the standard error of an accuracy of 0.98 on 800 images.

    Cost: two and a half times that of catsdogs-vgg16-frozen.
    """
    measure(split_of(data, params), params, record)


def _on_views(name: str, **changes: Any) -> AugmentedParams:
    return AugmentedParams(**{**HEAD[name], "size": SIZES[name], **changes})


@report.experiment(
    "catsdogs-vgg16-large-tuned",
    title="VGG16, last block tuned, augmented larger images",
    needs=needs_head,
    profiles={
        "smoke": _on_views("smoke", epochs=2, learning_rate=1e-5),
        "quick": _on_views("quick", epochs=4, learning_rate=1e-4, views=2),
        "full": _on_views("full", epochs=6, learning_rate=1e-5),
    },
    cost_s={"smoke": 10, "quick": 20, "full": 1_800},
    **FOLLOW_UP,
)
def catsdogs_vgg16_large_tuned(params: AugmentedParams, data: "report.ImageData", record: report.Record) -> None:
    """How far does VGG16 come with its last block tuned on changed views of photographs of its own size?

    Starts from the head of catsdogs-vgg16-large. On the photographs themselves that head makes no mistakes any more, so
    there is nothing left to tune by; on views of them there is.

    Command: report run catsdogs-vgg16-large-tuned --profile full

    Expected (full): 0.975 to 0.985 test accuracy. 0.005 is the standard error of an accuracy of 0.98 on 800 images.

    Cost: six passes of 2,400 images through the base, forward, and back through its last block.
    """
    head = head_of(record.need("catsdogs-vgg16-large").run(), params)
    amounts = augment.Augmentation(params.flip, params.shift, params.rotation, params.zoom)
    split = split_of(data, params)
    measure(split, params, record, tuned=TUNED, head=head, augmentation=amounts, views=params.views)
