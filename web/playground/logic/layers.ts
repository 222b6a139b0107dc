/** What is lit up in the text. */
import type { Layer } from '../../../src/analysis/browser/segments.ts'
import { type Block, blockAt } from './blocks.ts'

/** The layers that each block shows, by index of the block; those of the text, not of the block. */
export function layersByBlock(blocks: readonly Block[], layers: readonly Layer[]): Map<number, Layer[]> {
  const found = new Map<number, Layer[]>()
  for (const layer of layers) {
    if (layer.start >= layer.end || blocks.length === 0) continue
    for (let block = blockAt(blocks, layer.start); block <= blockAt(blocks, layer.end - 1); block++)
      found.set(block, [...(found.get(block) ?? []), layer])
  }
  return found
}

/** The part of the layers that lies within a block, counted from its start. */
export const within = ({ start, end }: Block, layers: readonly Layer[]): Layer[] =>
  layers.map((layer) => ({
    name: layer.name,
    start: Math.max(layer.start, start) - start,
    end: Math.min(layer.end, end) - start,
  }))
