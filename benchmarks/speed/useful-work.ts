import type { BertConfig } from '../../src/models/config.ts'

/**
 * Floating-point operations of a forward pass over windows of these numbers of tokens if nothing is computed for
 * padding: matrix products only, two operations a multiply-accumulate. The formula of ../python/useful_work.py.
 */
export function forwardFlop(config: BertConfig, lengths: readonly number[]): number {
  const { hidden_size: h, intermediate_size: f, num_hidden_layers: layers } = config
  const perToken = layers * (4 * h ** 2 + 2 * h * f) + 2 * h
  return lengths.reduce((total, n) => total + 2 * (n * perToken + layers * 2 * n ** 2 * h), 0)
}

/** Backward counts as twice the forward pass: gradients of inputs and of weights. */
export const trainingFlop = (config: BertConfig, lengths: readonly number[]): number => 3 * forwardFlop(config, lengths)
