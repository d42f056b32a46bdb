"""What a network with one logit for two classes is trained with."""

import keras


def compile_binary(model: keras.Model, learning_rate: float) -> None:
    """Make `model` minimise the binary cross-entropy of its logit with RMSprop, and count what is right."""
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    accuracy = keras.metrics.MeanMetricWrapper(_right, name="accuracy")
    model.compile(keras.optimizers.RMSprop(learning_rate), loss, metrics=[accuracy])


def _right(labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    # Keras' own binary accuracy refuses 0 as a threshold, which is where a logit decides.
    logits = keras.ops.reshape(logits, (-1,))
    return keras.ops.cast(keras.ops.equal(logits > 0, keras.ops.reshape(labels, (-1,)) > 0), "float32")
