/**
 * A trie of the tokens of a vocabulary by UTF-16 units, which finds all tokens that begin at a position of a text. Its
 * edges are in one hash table of typed arrays, because vocabularies have hundreds of thousands of tokens.
 */
export class PrefixTree {
  private readonly mask: number
  /** For each edge: its source node, its unit and its target node, or 0 in an empty slot. */
  private readonly parents: Int32Array
  private readonly units: Uint16Array
  private readonly children: Int32Array
  /** For each node: the id of the token that ends there, or -1. */
  private readonly ids: Int32Array

  constructor(vocabulary: ReadonlyMap<string, number>) {
    let units = 0
    for (const token of vocabulary.keys()) units += token.length
    const size = 2 ** Math.ceil(Math.log2(2 * units + 2))
    this.mask = size - 1
    this.parents = new Int32Array(size)
    this.units = new Uint16Array(size)
    this.children = new Int32Array(size)
    this.ids = new Int32Array(units + 1).fill(-1)
    let nodes = 1
    for (const [token, id] of vocabulary) {
      let node = 0
      for (let i = 0; i < token.length; i++) {
        const unit = token.charCodeAt(i)
        const edge = this.edge(node, unit)
        if (this.children[edge] === 0) {
          this.parents[edge] = node
          this.units[edge] = unit
          this.children[edge] = nodes++
        }
        node = this.children[edge]
      }
      this.ids[node] = id
    }
    // An empty token never matches.
    this.ids[0] = -1
  }

  /** Returns the child of a node for a unit, or 0 if no token continues with it. The root is node 0. */
  next(node: number, unit: number): number {
    return this.children[this.edge(node, unit)]
  }

  /** The id of the token that ends at a node, or -1. */
  tokenAt(node: number): number {
    return this.ids[node]
  }

  /** Returns the slot of an edge, or the free slot for it. */
  private edge(node: number, unit: number): number {
    let place = (Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b)) >>> 0
    for (place = (place ^ (place >>> 15)) & this.mask; this.children[place] !== 0; place = (place + 1) & this.mask)
      if (this.parents[place] === node && this.units[place] === unit) return place
    return place
  }
}
