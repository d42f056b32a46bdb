"""The data sets that the experiments use: where they are published, what stands in for them."""

from experiments.datasets.published import CIFAR10, DOGS_VS_CATS

__all__ = ["CIFAR10", "DOGS_VS_CATS"]
