/** Keeps a run waiting between two steps. */
export class Hold {
  private released: Promise<void> | undefined
  private release = () => {}

  /** When the wait will be over; undefined where nobody has to wait. */
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
