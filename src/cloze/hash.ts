import { createHash } from 'node:crypto'

/** A hash of texts as an integer of 48 bits, the same on all machines. */
export const hashOfTexts = (...texts: readonly (string | number)[]): number =>
  createHash('sha256').update(JSON.stringify(texts)).digest().readUIntBE(0, 6)
