"""Floating-point operations of useful work, which does not include any computation for padding."""


def forward_flop(config, lengths):
    """Return the operations of a forward pass over windows with the given lengths in real tokens (without padding).

    A multiply-accumulate counts as two operations. Only matrix multiplications count:

    - linear layers, per real token: layers x (4 hidden^2 + 2 hidden x intermediate) + 2 hidden
      (query, key, value and attention output; the two layers of the feed-forward block, or three where it is gated; the
      head, hidden -> 2)
    - attention, per window of n tokens: layers x 2 n^2 hidden (scores and weighted values of all heads)

    Not counted: embeddings, biases, softmax, layer norm, activations, dropout, loss and optimizer.
    """
    hidden, layers = config.hidden_size, config.num_hidden_layers
    intermediate = config.hidden_dim if config.model_type == "distilbert" else config.intermediate_size
    matrices = 3 if config.model_type == "modernbert" else 2
    per_token = layers * (4 * hidden**2 + matrices * hidden * intermediate) + 2 * hidden
    return sum(2 * (n * per_token + layers * 2 * n**2 * hidden) for n in lengths)


def training_flop(config, lengths):
    """Return the operations of a training step. The backward pass counts as twice the forward pass, because it computes
    the gradients of inputs and of weights."""
    return 3 * forward_flop(config, lengths)
