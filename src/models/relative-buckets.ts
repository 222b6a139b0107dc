const { fround } = Math

export interface BucketOptions {
  /** Buckets in each direction; below 1 each distance is its own. */
  readonly buckets: number
  /** Maximum distance. Larger distances share its bucket. */
  readonly largest: number
}

/**
 * The buckets of the distances from -most to most: the distance itself up to half the buckets, beyond that its logarithm.
 * Rounded in every step as torch rounds it in float32, so that no distance falls into the bucket beside.
 */
export function relativeBuckets(most: number, { buckets, largest }: BucketOptions): number[] {
  return Array.from({ length: 2 * most + 1 }, (_, i) => {
    const distance = i - most
    const middle = Math.floor(buckets / 2)
    const size = Math.abs(distance)
    if (buckets < 1 || size <= middle) return distance
    const share = fround(fround(Math.log(fround(size / middle))) / fround(Math.log(fround((largest - 1) / middle))))
    return Math.sign(distance) * (Math.ceil(fround(share * (middle - 1))) + middle)
  })
}
