/** SentencePiece's precompiled character map, applied like in the tokenizers library. */
import { SpanforgeError } from '../../errors.ts'
import { type AlignedText, applyChanges } from '../characters/aligned-text.ts'
import { utf8Bytes } from '../characters/byte-level.ts'

/** Longer clusters are normalized character by character. */
const MAX_BYTES = 5

/**
 * Texts in which each character is a cluster of its own, unless they contain `\r\n`: Latin, Greek, Cyrillic, Chinese
 * and Japanese.
 */
const SINGLE_CHARACTERS =
  /^[\0-\u02ff\u0370-\u0482\u048a-\u0530\u2010-\u2027\u3000-\u3029\u3030-\u3098\u309b-\u9fff\uff01-\uff9d]*$/

const clusters = new Intl.Segmenter('und', { granularity: 'grapheme' })

export class PrecompiledMap {
  /** A double-array trie (Darts) over UTF-8 bytes, whose values are places in `targets`. */
  private readonly trie: Uint32Array
  /** The replacements of characters as UTF-8, each terminated by a zero byte. */
  private readonly targets: Uint8Array
  private readonly known = new Map<string, string | undefined>()
  /** Whether the map changes a UTF-16 unit, for each unit. */
  private readonly units = new Uint8Array(0x10000)

  /** @throws SpanforgeError if the bytes are not a character map; `place` is their location for the message */
  constructor(bytes: Uint8Array, place: string) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const size = bytes.length >= 4 ? view.getUint32(0, true) : 0
    if (bytes.length < 8 || size < 4 || size + 4 > bytes.length)
      throw new SpanforgeError(`${place} is not a character map: its ${bytes.length} bytes are truncated`, {
        remedy: 'Download the file again.',
      })
    this.trie = Uint32Array.from({ length: size >>> 2 }, (_, i) => view.getUint32(4 + 4 * i, true))
    this.targets = bytes.slice(4 + 4 * (size >>> 2))
  }

  normalize(input: AlignedText): AlignedText {
    const isSingle = hasSingleCharacters(input.text)
    if (isSingle && !this.changesAny(input.text)) return input
    const changes: { character: string; change: number }[] = []
    let isChanged = false
    const replace = (part: string): boolean => {
      const target = this.target(part)
      if (target === undefined) return false
      isChanged = true
      pushReplacement(changes, part, target)
      return true
    }
    for (const cluster of isSingle ? input.text : clustersOf(input.text)) {
      if (utf8Bytes(cluster).length <= MAX_BYTES && replace(cluster)) continue
      for (const character of cluster) if (!replace(character)) changes.push({ character, change: 0 })
    }
    return isChanged ? applyChanges(input, changes) : input
  }

  /** Whether the map contains a character of a text whose characters are all single UTF-16 units. */
  private changesAny(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (this.units[unit] === NOT_LOOKED_UP) this.units[unit] = this.target(text[i]) === undefined ? KEPT : CHANGED
      if (this.units[unit] === CHANGED) return true
    }
    return false
  }

  /**
   * Returns the replacement of a text, or undefined if it is not in the map. As in the tokenizers library, the shortest
   * prefix in the map determines the replacement of the whole text.
   */
  private target(text: string): string | undefined {
    if (!this.known.has(text)) {
      if (this.known.size > MAX_KNOWN) this.known.clear()
      this.known.set(text, this.find(text))
    }
    return this.known.get(text)
  }

  private find(text: string): string | undefined {
    const { trie } = this
    let node = offsetOf(trie[0])
    for (const byte of utf8Bytes(text)) {
      if (byte === 0) return undefined
      node ^= byte
      const unit = trie[node]
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined
      node ^= offsetOf(unit)
      if ((unit >>> 8) & 1) return this.read((trie[node] ?? 0) & 0x7fffffff)
    }
    return undefined
  }

  private read(start: number): string {
    const end = this.targets.indexOf(0, start)
    return utf8.decode(this.targets.subarray(start, end < 0 ? undefined : end))
  }
}

const NOT_LOOKED_UP = 0
const KEPT = 1
const CHANGED = 2

const MAX_KNOWN = 1 << 16

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6)

const hasSingleCharacters = (text: string): boolean => SINGLE_CHARACTERS.test(text) && !text.includes('\r\n')

const clustersOf = (text: string): Iterable<string> => Array.from(clusters.segment(text), ({ segment }) => segment)

/**
 * Records that a part became another, as the tokenizers library does it: characters beyond those of the part are
 * inserted after them; characters that disappear belong to the character recorded last, which may be none.
 */
function pushReplacement(changes: { character: string; change: number }[], part: string, target: string): void {
  const characters = Array.from(target)
  for (const character of characters) changes.push({ character, change: 0 })
  const more = characters.length - Array.from(part).length
  for (let i = 1; i <= more && i <= changes.length; i++) changes[changes.length - i].change = 1
  if (more < 0 && changes.length > 0) changes[changes.length - 1].change += more
}
