/** Converts text indices between Unicode code points, used in data files, and UTF-16 units, used everywhere else. */
export class CodePoints {
  /** UTF-16 index of each code point and of the end; undefined if both counts are the same. */
  private readonly starts: number[] | undefined
  private readonly length: number

  constructor(text: string) {
    this.length = text.length
    if (!/[\ud800-\udbff]/.test(text)) return
    this.starts = []
    for (let i = 0; i <= text.length; i += text.codePointAt(i)! > 0xffff ? 2 : 1) this.starts.push(i)
  }

  /** Converts an index. An index beyond the text stays beyond the text. */
  toUtf16(codePoints: number): number {
    return this.starts ? (this.starts[codePoints] ?? this.length + 1) : codePoints
  }

  fromUtf16(units: number): number {
    const starts = this.starts
    if (!starts) return units
    let low = 0
    for (let high = starts.length - 1; low < high; ) {
      const middle = (low + high) >> 1
      if (starts[middle] < units) low = middle + 1
      else high = middle
    }
    return low
  }
}
