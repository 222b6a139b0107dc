import { expect, test } from 'vitest'
import { describeCpuEngines } from '../../../tests/engines.ts'
import { LaneAdder } from './lane-adder.ts'

describeCpuEngines('arrays added in lanes', (engine) => {
  test.each([1, 2, 3])('have the bits of a loop, with %i', async (lanes) => {
    const adder = await LaneAdder.open({ ...engine, lanes })
    for (const length of [1, 16, 17, 50, 5003]) {
      const to = Float32Array.from({ length }, (_, i) => Math.sin(i))
      const from = Float32Array.from({ length }, (_, i) => 1e-3 * Math.cos(i))
      to[length - 1] = 1e-40
      from[0] = Number.NaN
      const expected = to.map((x, i) => x + from[i])
      await adder.add(to, from)
      expect(to).toEqual(expected)
    }
    await adder.release()
  })
})
