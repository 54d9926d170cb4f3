"""Training on the host: the Keras and TensorFlow models, the loop, and what stops and checks it."""
