/**
 * The distinct rows of a table that are looked up, in ascending order, and which of these each token looks up: -1 for the
 * row of padding. At least one row is returned, which no token may look up.
 */
export function distinctRows(
  ids: Int32Array,
  padding_idx?: number,
): { readonly unique: Int32Array; readonly slots: Int32Array } {
  const found = Int32Array.from(new Set(ids)).sort()
  const trained = found.filter((id) => id !== padding_idx)
  const unique = trained.length > 0 ? trained : Int32Array.of(0)
  const slotOf = new Map(Array.from(trained, (id, slot) => [id, slot]))
  return { unique, slots: ids.map((id) => slotOf.get(id) ?? -1) }
}
