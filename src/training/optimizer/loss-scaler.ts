/** The state of a LossScaler, as in the state_dict of torch.amp.GradScaler. */
export interface LossScale {
  readonly scale: number
  /** Number of steps without overflow since the scale last changed. */
  readonly growth_tracker: number
}

/** Number of steps without overflow after which the scale is doubled. */
const GROWTH_INTERVAL = 2000
/** If gradients overflow even at a smaller scale, the model has diverged. */
const MIN_USEFUL = 2 ** -14

/**
 * Chooses the factor of the loss with which gradients are computed in float16, with the rules and constants of
 * torch.amp.GradScaler: it is halved when a gradient overflows, and doubled after 2,000 steps without an overflow.
 */
export class LossScaler {
  constructor(public state: LossScale = { scale: 65536, growth_tracker: 0 }) {}

  get scale(): number {
    return this.state.scale
  }

  /** Whether a smaller scale would not help if the gradients of the step overflow. */
  get isExhausted(): boolean {
    return this.scale <= MIN_USEFUL
  }

  /** Must be called after each step. */
  update(hasOverflowed: boolean): void {
    const { scale, growth_tracker } = this.state
    if (hasOverflowed) this.state = { scale: Math.fround(scale / 2), growth_tracker: 0 }
    else if (growth_tracker + 1 < GROWTH_INTERVAL) this.state = { scale, growth_tracker: growth_tracker + 1 }
    else this.state = { scale: largerScale(scale), growth_tracker: 0 }
  }
}

/** Twice the scale, unless that is beyond float32. */
const largerScale = (scale: number): number =>
  Number.isFinite(Math.fround(scale * 2)) ? Math.fround(scale * 2) : scale
