import type { Executable } from '../runtime/engine.ts'
import type { FlatParameters } from './flat-parameters.ts'

/** The parameters held by an executable. They are registered once, and updated only if they have moved or changed. */
export class ResidentParameters {
  private parameters: FlatParameters | undefined
  private version = 0

  constructor(private readonly executable: Executable) {}

  /** Ensures that the next run uses the current values of these parameters. */
  follow(parameters: FlatParameters): void {
    if (parameters !== this.parameters) this.executable.hold(parameters.values())
    else if (parameters.version !== this.version) this.executable.invalidate(parameters.entries.map(({ name }) => name))
    this.parameters = parameters
    this.version = parameters.version
  }
}
