"""The data sets that the experiments use: where they are published, what stands in for them."""

from experiments.datasets.published import CIFAR10, DOGS_VS_CATS, VGG16

__all__ = ["CIFAR10", "DOGS_VS_CATS", "VGG16"]
