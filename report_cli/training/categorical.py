"""What a network with one logit for each class is trained with."""

import keras


def compile_categorical(model: keras.Model, learning_rate: float) -> None:
    """Make `model` minimise the categorical cross-entropy of its logits with RMSprop, and count what is right."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Asked for by its name, the metric makes its variables in the first step, and TensorFlow then traces that step
    # again: a second or two of a short training.
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    model.compile(keras.optimizers.RMSprop(learning_rate), loss, metrics=[accuracy])
