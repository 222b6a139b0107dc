import { sumGraph } from '../../models/programs.ts'
import { type Engine, type Executable, float32Value } from '../../runtime/engine.ts'

/** Parts begin at multiples of this, which are cache lines, so that no two lanes write to one. */
const ELEMENTS = 16

/** Adds arrays on all lanes of an engine at once, each a part. */
export class LaneAdder {
  private constructor(private readonly lanes: readonly Executable[]) {}

  static async open(engine: Engine): Promise<LaneAdder> {
    const lanes = Array.from({ length: engine.lanes ?? 1 }, (_, lane) => engine.compile(sumGraph(), { lane }))
    return new LaneAdder(await Promise.all(lanes))
  }

  /** Adds `from` to `to`, which is as long. The bits do not depend on the number of lanes. */
  async add(to: Float32Array, from: Float32Array): Promise<void> {
    const part = Math.ceil(to.length / this.lanes.length / ELEMENTS) * ELEMENTS
    const sums = this.lanes.map(async (lane, i) => {
      const [a, b] = [to, from].map((x) => x.subarray(i * part, (i + 1) * part))
      const value = float32Value(a, [a.length])
      if (a.length > 0)
        await lane.run({ to: value, from: float32Value(b, [b.length]) }, { sum: value }, { isShared: true })
    })
    await Promise.all(sums)
  }

  async release(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.release()))
  }
}
