"""Cats and dogs from scratch: four networks under the same conditions, to choose one of them by validation images."""

from typing import TYPE_CHECKING

from experiments.catsdogs_training import (
    COSTS,
    DROPOUT_PROFILES,
    METRICS,
    PROFILES,
    SEEDS,
    SLOW_PROFILES,
    DropoutParams,
    Params,
    draw,
    measure,
)
from experiments.datasets import DOGS_VS_CATS
from report_cli.experiment import Record, experiment

if TYPE_CHECKING:
    from report_cli.datasets.images import ImageData


@experiment(
    "catsdogs-cnn-1",
    title="cnn-1",
    data=DOGS_VS_CATS,
    metrics=METRICS,
    profiles=PROFILES,
    seeds=SEEDS,
    cost_s=COSTS,
    figures=("curves",),
    draw=draw,
)
def catsdogs_cnn_1(params: Params, data: "ImageData", record: Record) -> None:
    """How far do three convolutions and large dense layers come with a few thousand photographs?

    Command: report run catsdogs-cnn-1 --profile full

    Expected (full): validation accuracy 0.6 to 0.7 and a validation loss that grows to 1 to 6, as published, one run.
    Spread over seeds: not published; 0.016 is the standard error of an accuracy of 0.7 on 800 images.

    Cost: 0.1 PFLOP a seed (6 x multiply-adds x images x epochs): about an hour on two CPU cores.
    """
    from experiments.models import cnn_1
    from report_cli.training import backend

    backend.start(record.seed)
    measure(cnn_1.build((params.size, params.size, 3), params.momentum), params, data, record)


@experiment(
    "catsdogs-cnn-2",
    title="cnn-2",
    data=DOGS_VS_CATS,
    metrics=METRICS,
    profiles=PROFILES,
    seeds=SEEDS,
    cost_s=COSTS,
    figures=("curves",),
    draw=draw,
)
def catsdogs_cnn_2(params: Params, data: "ImageData", record: Record) -> None:
    """Does a fourth convolution, which leaves a fifth of the parameters, help?

    Command: report run catsdogs-cnn-2 --profile full

    Expected (full): validation accuracy about 0.7, validation loss 0.6 to 1.2, as published, one run. Spread over
    seeds: not published; 0.016 is the standard error of an accuracy of 0.7 on 800 images.

    Cost: as catsdogs-cnn-1.
    """
    from experiments.models import cnn_2
    from report_cli.training import backend

    backend.start(record.seed)
    measure(cnn_2.build((params.size, params.size, 3), params.momentum), params, data, record)


@experiment(
    "catsdogs-cnn-3",
    title="cnn-3",
    data=DOGS_VS_CATS,
    metrics=METRICS,
    profiles=DROPOUT_PROFILES,
    seeds=SEEDS,
    cost_s=COSTS,
    figures=("curves",),
    draw=draw,
)
def catsdogs_cnn_3(params: DropoutParams, data: "ImageData", record: Record) -> None:
    """Does dropout before the dense layers keep the second network from learning its images by heart?

    The published text has lost this step; this is a reconstruction.

    Command: report run catsdogs-cnn-3 --profile full

    Expected (full): validation accuracy about 0.7, as published, one run. Spread over seeds: not published; 0.016 is
    the standard error of an accuracy of 0.7 on 800 images.

    Cost: as catsdogs-cnn-1.
    """
    from experiments.models import cnn_3
    from report_cli.training import backend

    backend.start(record.seed)
    measure(
        cnn_3.build((params.size, params.size, 3), params.momentum, params.dropout),
        params,
        data,
        record,
        params.dropout,
    )


@experiment(
    "catsdogs-cnn-4",
    title="cnn-4",
    data=DOGS_VS_CATS,
    metrics=METRICS,
    profiles=SLOW_PROFILES,
    seeds=SEEDS,
    cost_s=COSTS,
    figures=("curves",),
    draw=draw,
)
def catsdogs_cnn_4(params: Params, data: "ImageData", record: Record) -> None:
    """Do one hidden layer less and a tenth of the learning rate make the training calmer?

    Where its layers are is a reconstruction from the number of parameters.

    Command: report run catsdogs-cnn-4 --profile full

    Expected (full): the calmest validation loss of the four, as published, one run, and the weights to overfit with.
    Spread over seeds: not published; 0.016 is the standard error of an accuracy of 0.7 on 800 images.

    Cost: as catsdogs-cnn-1.
    """
    from experiments.models import cnn_4
    from report_cli.training import backend

    backend.start(record.seed)
    measure(cnn_4.build((params.size, params.size, 3), params.momentum), params, data, record)
