import type { StepResult } from '../training/loop/stepper.ts'
import { noSteps, type StepColumns } from './records.ts'

/** Maximum points per curve, which limits the cost of long runs. */
const MAX_POINTS = 4000

const finite = (x: number): number | null => (Number.isFinite(x) ? x : null)

/** Collects steps into points: one per step, or one per several steps in long runs. */
export class StepPoints {
  private steps_per_point = 1
  private points = noSteps()
  private open = empty()

  begin(max_steps: number): void {
    this.steps_per_point = Math.max(1, Math.ceil(max_steps / MAX_POINTS))
    this.points = noSteps()
    this.open = empty()
  }

  /** Adds a step that took `seconds`. */
  add(step: number, epoch: number, result: StepResult, seconds: number): void {
    const { open } = this
    const { loss, grad_norm, learning_rate, samples, tokens } = result
    if (Number.isFinite(loss)) {
      open.loss += loss
      open.losses++
    }
    Object.assign(open, { step, epoch, grad_norm, learning_rate })
    open.samples += samples
    open.tokens += tokens
    open.seconds += seconds
    if (++open.steps >= this.steps_per_point) this.close()
  }

  /** Returns the points since the last call with the current memory, or undefined if there are none. */
  take(memory: number, { unfinished }: { readonly unfinished: boolean }): StepColumns | undefined {
    if (unfinished && this.open.steps > 0) this.close()
    const { points } = this
    if (points.step.length === 0) return undefined
    this.points = noSteps()
    points.memory.push(...points.step.map(() => memory))
    return points
  }

  private close(): void {
    const { open, points } = this
    points.step.push(open.step)
    points.epoch.push(open.epoch)
    points.loss.push(open.losses > 0 ? open.loss / open.losses : null)
    points.grad_norm.push(finite(open.grad_norm))
    points.learning_rate.push(open.learning_rate)
    points.samples.push(open.samples)
    points.tokens.push(open.tokens)
    points.seconds.push(open.seconds)
    this.open = empty()
  }
}

const empty = () => ({
  steps: 0,
  step: 0,
  epoch: 0,
  loss: 0,
  losses: 0,
  grad_norm: 0,
  learning_rate: 0,
  samples: 0,
  tokens: 0,
  seconds: 0,
})
