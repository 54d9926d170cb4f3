"""Training on the host: the Keras and TensorFlow models, the loop, its stop rules and its checks."""
