interface Part {
  milliseconds: number
  calls: number
  /** oneDNN's names of the implementations. */
  readonly implementations: string[]
}

/** Time of each kind of call. */
export class Profile {
  readonly parts: Record<string, Part> = {}
  private total = 0

  add(name: string, milliseconds: number): void {
    const part = this.part(name)
    part.milliseconds += milliseconds
    part.calls++
    this.total += milliseconds
  }

  addImplementation(name: string, implementation: string): void {
    const { implementations } = this.part(name)
    if (!implementations.includes(implementation)) implementations.push(implementation)
  }

  /** Calls oneDNN and adds the time that it takes. */
  time(name: string, call: () => void): void {
    const begin = performance.now()
    call()
    this.add(name, performance.now() - begin)
  }

  /** Runs a kernel and adds the time that it takes in addition to its calls of oneDNN. */
  measure(operator: string, kernel: () => void): void {
    const [begin, before] = [performance.now(), this.total]
    kernel()
    this.add(`${operator} without oneDNN`, performance.now() - begin - (this.total - before))
  }

  private part(name: string): Part {
    this.parts[name] ??= { milliseconds: 0, calls: 0, implementations: [] }
    return this.parts[name]
  }
}
