"""Dropout, batch normalisation and optimizer steps in one operation each, where Keras takes many.

They keep the states that Keras' own have, so checkpoints are alike, and are functions of these states alone.
"""

from typing import Any

import keras
import tensorflow

# A mask takes 16 random bits for each value, so a rate is met to 1/65536.
_BITS = 16


class Dropout(keras.layers.Dropout):  # type: ignore[misc]
    """Keras' dropout with a mask of raw random bits.

    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting (2014), section 4; the
    kept values are scaled up in training.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return `inputs` with a share `rate` of its values 0 and the others scaled up, in training; else `inputs`."""
        if not training or self.rate == 0:
            return inputs
        shape = tensorflow.shape(inputs)
        count = tensorflow.reduce_prod(shape)
        words = tensorflow.random.stateless_uniform(
            [(count + 3) // 4], self.seed_generator.next(), None, None, tensorflow.uint64
        )
        bits = tensorflow.reshape(tensorflow.bitcast(words, tensorflow.uint16), [-1])[:count]
        kept = tensorflow.cast(tensorflow.reshape(bits, shape), tensorflow.int32) >= round(self.rate * 2**_BITS)
        scaled = inputs * tensorflow.cast(1 / (1 - self.rate), inputs.dtype)
        return tensorflow.where(kept, scaled, tensorflow.zeros((), inputs.dtype))


class BatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Keras' batch normalisation of images (N, H, W, C), its training in one operation; sums are in float32.

    Source: Ioffe and Szegedy, Batch normalization (2015), algorithm 1.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return `inputs` normalised: in training by their own mean and variance, which move the averages."""
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tensorflow.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        # The operation returns the unbiased variance, and Keras averages the biased one.
        count = tensorflow.cast(tensorflow.reduce_prod(tensorflow.shape(inputs)[:-1]), tensorflow.float32)
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance * (count - 1) / count)):
            average.assign(average * self.momentum + value * (1 - self.momentum))
        return outputs


class RMSprop(keras.optimizers.RMSprop):  # type: ignore[misc]
    """Keras' RMSprop without momentum, one operation a variable.

    Source: Hinton, Neural networks for machine learning, lecture 6e (2012).
    """

    def __init__(self, learning_rate: Any = 1e-3, rho: float = 0.9, epsilon: float = 1e-7) -> None:
        super().__init__(learning_rate, rho=rho, epsilon=epsilon)

    def build(self, variables: list[keras.Variable]) -> None:
        """Make the states: a mean square for each value of each variable."""
        if not self.built:
            super().build(variables)
            # The operation wants a momentum, too; at a rate of 0 it holds the last change of a weight, and is no state.
            self._changes = [tensorflow.Variable(tensorflow.zeros(v.shape), trainable=False) for v in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Change `variable` by a step along `gradient`."""
        place = self._get_variable_index(variable)
        tensorflow.raw_ops.ResourceApplyRMSProp(
            var=variable.handle,
            ms=self._velocities[place].value.handle,
            mom=self._changes[place].handle,
            lr=learning_rate,
            rho=self.rho,
            momentum=0.0,
            epsilon=self.epsilon,
            grad=gradient,
            use_locking=True,
        )


class SGD(keras.optimizers.SGD):  # type: ignore[misc]
    """Keras' stochastic gradient descent with Nesterov's momentum, one operation a variable; weight decay beside it.

    Source: Sutskever et al., On the importance of initialization and momentum in deep learning (2013), section 2.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Change `variable` by a step along `gradient`."""
        if not self.momentums:
            super().update_step(gradient, variable, learning_rate)
            return
        place = self._get_variable_index(variable)
        tensorflow.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=self.momentums[place].value.handle,
            lr=learning_rate,
            grad=gradient,
            momentum=self.momentum,
            use_locking=True,
            use_nesterov=self.nesterov,
        )


def fuse(model: keras.Model) -> None:
    """Let every plain dropout and batch normalisation of `model` work as those above: rates, places and states stay."""
    for layer in model._flatten_layers(include_self=False):
        if type(layer) is keras.layers.Dropout and layer.noise_shape is None:
            layer.__class__ = Dropout
        elif type(layer) is keras.layers.BatchNormalization and _of_images(layer):
            layer.__class__ = BatchNormalization


def _of_images(layer: keras.layers.BatchNormalization) -> bool:
    """Whether it normalises the channels of images, with a scale and an offset, as the one operation does."""
    plain = layer.scale and layer.center and not layer.renorm and not layer.synchronized
    return len(layer.input.shape) == 4 and layer.axis in (3, -1) and plain
