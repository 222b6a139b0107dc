/** Highlights in the text. */
import type { Layer } from '../../../src/analysis/browser/segments.ts'
import { blockAt, type PageBlock } from './blocks.ts'

/** The layers that overlap each block, by index of the block. Positions are relative to the text. */
export function layersByBlock(blocks: readonly PageBlock[], layers: readonly Layer[]): Map<number, Layer[]> {
  const found = new Map<number, Layer[]>()
  for (const layer of layers) {
    if (layer.start >= layer.end || blocks.length === 0) continue
    for (let block = blockAt(blocks, layer.start); block <= blockAt(blocks, layer.end - 1); block++)
      found.set(block, [...(found.get(block) ?? []), layer])
  }
  return found
}

/** Clips layers to a block, with positions relative to its start. */
export const within = ({ start, end }: PageBlock, layers: readonly Layer[]): Layer[] =>
  layers.map((layer) => ({
    name: layer.name,
    start: Math.max(layer.start, start) - start,
    end: Math.min(layer.end, end) - start,
  }))
