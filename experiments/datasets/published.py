"""CIFAR-10, Dogs vs. Cats and the weights of VGG16, with addresses, sizes and checksums of what is published.

Sizes and checksums are those that others noted after fetching the same addresses;
`report data fetch` believes nothing else.
"""

from typing import TYPE_CHECKING

from report_cli.datasets.spec import PHOTOS, Archive, Images, Weights

if TYPE_CHECKING:
    from report_cli.datasets.images import ImageData


# Listing the experiments needs these declarations, but neither numpy nor Pillow: both draw when they are called.
def toy_objects() -> "ImageData":
    """Return the drawn images that stand in for CIFAR-10."""
    from experiments.datasets.toy_objects import draw_images

    return draw_images()


def toy_pets() -> "ImageData":
    """Return the drawn images that stand in for Dogs vs. Cats."""
    from experiments.datasets.toy_pets import draw_images

    return draw_images()


CIFAR10 = Images(
    name="cifar10",
    title="CIFAR-10",
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    class_count=10,
    height=32,
    width=32,
    train_count=50_000,
    test_count=10_000,
    drawn="toy-objects",
    draw=toy_objects,
    published=Archive(
        address="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        size_bytes=170_498_071,
        sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        terms="no licence is stated; its page asks to cite Krizhevsky (2009)",
    ),
)
# 150 is what the full profile trains on, so that no pixel is interpolated twice; 25,000 take 1.7 GB on disk.
DOGS_VS_CATS = Images(
    name="dogs-vs-cats",
    title="Dogs vs. Cats",
    classes=("cat", "dog"),
    class_count=2,
    height=None,
    width=None,
    train_count=None,
    test_count=0,
    layouts=PHOTOS,
    fewest=50,
    side=150,
    drawn="toy-pets",
    draw=toy_pets,
    published=Archive(
        address="https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/"
        "kagglecatsanddogs_5340.zip",
        page="https://www.microsoft.com/en-us/download/details.aspx?id=54765",
        size_bytes=824_887_076,
        sha256="b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
        terms="Microsoft Research licence, in the archive; cite Elson et al. (2007), Asirra",
    ),
)
# The digest is that of the arrays; Keras gives the MD5 of its file.
VGG16 = Weights(
    name="vgg16-imagenet",
    title="VGG16's convolutions, trained on ImageNet",
    file="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    digest="5c839d8fa67351962d3144793cd99566eed3a58a350ff2984c51991ce2ce4969",
    published=Archive(
        address="https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
        "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        page="https://keras.io/api/applications/vgg/",
        size_bytes=58_889_256,
        md5="6d6bbae143d832006294945121d1f1fc",
        terms="Creative Commons Attribution 4.0; cite Simonyan and Zisserman (2015)",
    ),
)
