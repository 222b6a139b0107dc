/** Pauses a run between two steps. */
export class Hold {
  private released: Promise<void> | undefined
  private release = () => {}

  /** Resolves when the pause ends; undefined if there is none. */
  get until(): Promise<void> | undefined {
    return this.released
  }

  begin(): void {
    this.released ??= new Promise((resolve) => {
      this.release = resolve
    })
  }

  end(): void {
    this.release()
    this.released = undefined
  }
}
