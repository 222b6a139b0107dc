import type { Executable } from '../runtime/engine.ts'
import type { FlatParameters } from './flat-parameters.ts'

/** The parameters that an executable holds: handed over once, and again only where they have moved or changed. */
export class ResidentParameters {
  private parameters: FlatParameters | undefined
  private version = 0

  constructor(private readonly executable: Executable) {}

  /** Makes the next run compute with these parameters as they are now. */
  follow(parameters: FlatParameters): void {
    if (parameters !== this.parameters) this.executable.hold(parameters.values())
    else if (parameters.version !== this.version) this.executable.invalidate(parameters.entries.map(({ name }) => name))
    this.parameters = parameters
    this.version = parameters.version
  }
}
