/** An integer's 32 bits well stirred, from 0 to 2^32 - 1 (the finalizer "lowbias32" of Wellons). */
export function stirred(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}
