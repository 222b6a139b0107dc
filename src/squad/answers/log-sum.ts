/** Computes log(sum of exp(x)) in one pass. The sum is relative to the largest x so far, which prevents overflow. */
export class LogSum {
  private largest = -Infinity
  private sum = 0

  add(x: number): void {
    if (x === -Infinity) return
    if (x <= this.largest) this.sum += Math.exp(x - this.largest)
    else {
      this.sum = this.sum * Math.exp(this.largest - x) + 1
      this.largest = x
    }
  }

  /** The result; -Infinity if nothing was added. */
  get value(): number {
    return this.largest + Math.log(this.sum)
  }
}
