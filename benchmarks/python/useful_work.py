"""Floating-point operations of useful work: what a step must multiply if it computes nothing for padding."""


def forward_flop(config, lengths):
    """Operations of one forward pass over windows of these real lengths (tokens without padding).

    A multiply-accumulate counts as two operations. Counted are matrix multiplications only:

    - linear layers, per real token: layers x (4 hidden^2 + 2 hidden x intermediate) + 2 hidden
      (query, key, value, attention output; the two of the feed-forward block; the head, hidden -> 2);
    - attention, per window of n tokens: layers x 2 n^2 hidden (scores and weighted values, all heads together).

    Left out: embeddings, biases, softmax, layer norm, activation, dropout, loss, optimizer.
    """
    hidden, layers = config.hidden_size, config.num_hidden_layers
    per_token = layers * (4 * hidden**2 + 2 * hidden * config.intermediate_size) + 2 * hidden
    return sum(2 * (n * per_token + layers * 2 * n**2 * hidden) for n in lengths)


def training_flop(config, lengths):
    """A training step: forward, and backward as twice the forward (gradients of inputs and of weights)."""
    return 3 * forward_flop(config, lengths)
