/** Weights that executables in several lanes pack together. */
import { expect, onTestFinished, test } from 'vitest'
import { describeEngine } from '../../../tests/engines.ts'
import { numbers, placed } from '../../../tests/onednn-values.ts'
import { gradient } from '../../autodiff/gradient.ts'
import { input } from '../../graph/tensor.ts'
import { gelu } from '../../ops/gelu.ts'
import { linear } from '../../ops/linalg.ts'
import { sumAll } from '../../ops/reduce.ts'
import { type CompileOptions, float32Value, type Value } from '../engine.ts'
import { findOneDnn } from './find.ts'
import { Interpreter } from './interpreter.ts'
import { bindOnednn } from './library.ts'
import { changed, freePacked, PackedWeights, reservePacked } from './packed-memory.ts'
import { Primitives } from './primitives.ts'
import { Profile } from './profile.ts'
import { programOf } from './program.ts'

const [WIDE, NARROW, ROWS] = [800, 64, 48]

/** Two layers, one of which is computed in blocks, and their gradient. */
function layers() {
  const [x, w, b] = [input('x', ['n', NARROW]), input('w', [WIDE, NARROW]), input('b', [WIDE])]
  const y = linear(gelu(linear(x, w, b)), input('v', [NARROW, WIDE]), input('c', [NARROW]))
  const [dx] = gradient(sumAll(y), [x])
  return { y, dx }
}

const parameters = () => ({
  ...{ w: numbers([WIDE, NARROW], 2), b: numbers([WIDE], 3) },
  ...{ v: numbers([NARROW, WIDE], 4), c: numbers([NARROW], 5) },
})

const results = () => ({
  y: float32Value(new Float32Array(ROWS * NARROW), [ROWS, NARROW]),
  dx: float32Value(new Float32Array(ROWS * NARROW), [ROWS, NARROW]),
})

const x = numbers([ROWS, NARROW], 1)

/** Changes all weights as an optimizer does. */
const update = (values: Readonly<Record<string, Value>>) => {
  for (const { data } of Object.values(values)) for (let i = 0; i < data.length; i++) (data as Float32Array)[i] *= -0.9
}

describeEngine('onednn', 'oneDNN with several lanes', (engine) => {
  describeLanes('float32')
  if (engine.precisions.includes('bfloat16')) describeLanes('bfloat16')

  function describeLanes(precision: 'float32' | 'bfloat16') {
    const factors = precision === 'float32' ? 'f32' : 'bf16'
    const compile = (options: CompileOptions = {}) => engine.compile(layers(), { precision, ...options })

    /** What an executable of its own computes. */
    async function expected(values: ReturnType<typeof parameters>) {
      const session = await compile()
      const outputs = results()
      await session.run({ x, ...values }, outputs)
      await session.release()
      return outputs
    }

    test(`in ${precision}, packs each version of a weight once for all lanes`, () => {
      const dnn = new Primitives(bindOnednn(findOneDnn()!.file))
      const program = programOf(layers(), precision)
      const memory = reservePacked(program.slots.length)
      const lanes = [0, 1].map(() => new Interpreter(dnn, program, factors, memory))
      onTestFinished(() => {
        for (const lane of lanes) lane.close()
        freePacked(memory)
        dnn.close()
      })
      const values = parameters()
      for (const lane of lanes) lane.hold(placed(values))
      const run = (lane: Interpreter) => {
        dnn.profile = new Profile()
        const outputs = results()
        lane.run(placed({ x, ...outputs }), { n: ROWS })
        return { outputs, calls: dnn.profile.parts.weights?.calls ?? 0 }
      }
      const [first, second] = lanes.map(run)
      expect(first.calls).toBeGreaterThan(0)
      expect(second).toEqual({ ...first, calls: 0 })
      // Now all products of a weight are known, so that it is rounded once for all of them.
      for (const name of ['w', 'v']) changed(memory, program.inputs[name])
      const [again, other] = [run(lanes[1]), run(lanes[0])]
      expect(again.outputs).toEqual(first.outputs)
      expect(again.calls).toBeGreaterThan(0)
      expect(other).toEqual({ ...again, calls: 0 })
      update(values)
      changed(memory, program.inputs.v)
      expect(run(lanes[0]).outputs).not.toEqual(first.outputs)
    })

    test(`in ${precision}, gives the bits of a single executable after each update, whether lanes run together or alone`, async () => {
      const values = parameters()
      const one = await compile({ lane: 0 })
      one.hold(values)
      await one.run({ x }, results(), { isShared: true })
      const two = await compile({ lane: 1, beside: one })
      two.hold(values)
      for (let step = 0; step < 8; step++) {
        const used = [[one, two], [two], [one]][step % 3]
        const found = await Promise.all(
          used.map(async (lane) => {
            const outputs = results()
            await lane.run({ x }, outputs, { isShared: true })
            return outputs
          }),
        )
        expect(found).toEqual(new Array(used.length).fill(await expected(values)))
        update(values)
        for (const lane of [one, two]) lane.invalidate(Object.keys(values))
      }
      await Promise.all([one, two].map((lane) => lane.release()))
    })

    test.each([0, 1])(
      `in ${precision}, a lane still computes after another was released (lane %d first)`,
      async (first) => {
        const values = parameters()
        const one = await compile({ lane: 0 })
        const lanes = [one, await compile({ lane: 1, beside: one })]
        for (const lane of lanes) lane.hold(values)
        await Promise.all(lanes.map((lane) => lane.run({ x }, results(), { isShared: true })))
        await lanes[first].release()
        const outputs = results()
        await lanes[1 - first].run({ x }, outputs)
        expect(outputs).toEqual(await expected(values))
        await lanes[1 - first].release()
      },
    )
  }

  test('a lane packs what another one has claimed and could not pack', () => {
    const memory = reservePacked(1)
    onTestFinished(() => freePacked(memory))
    const [one, two] = [new PackedWeights(memory), new PackedWeights(memory)]
    const version = one.version(0)
    expect([one.claim(3, version), two.claim(3, version)]).toEqual([true, false])
    two.wait(3, version)
    expect(two.isDone(3, version)).toBe(false)
    one.abandon(3)
    expect(two.claim(3, version)).toBe(true)
    two.finish(3, version)
    expect(one.isDone(3, version)).toBe(true)
    changed(memory, 0)
    expect(one.claim(3, two.version(0))).toBe(true)
  })
})
