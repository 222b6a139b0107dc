import { SpanforgeError } from '../errors.ts'

/**
 * Resolves the names in a pickle. A general unpickler would call whatever the pickle names; this reader never executes
 * code. It supports only opcodes that create data and looks up each name with `resolve`, which rejects unknown names.
 * Python's Lib/pickletools.py documents the opcodes.
 */
export interface PickleNames {
  /**
   * Returns the object that `module.name` refers to. The pickle may call a function with a list of arguments. Throws
   * for unknown names.
   */
  resolve(module: string, name: string): unknown
  /** Returns the object that a persistent id refers to. torch uses these ids for storages. */
  persistent(id: unknown): unknown
}

export interface Unpickled {
  readonly value: unknown
  /** Index of the first byte after the pickle. */
  readonly end: number
}

/** A state dict needs about 40 opcodes per tensor. Every opcode may create an object. */
const MAX_OPCODES = 1_000_000

type Callable = (args: unknown) => unknown

/** Converts dictionaries to Maps, lists and tuples to arrays, integers to numbers or bigints, and None to null. */
export function unpickle(bytes: Uint8Array, start: number, path: string, names: PickleNames): Unpickled {
  const reader = new PickleReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), start, path, names)
  const value = reader.run()
  return { value, end: reader.at }
}

class PickleReader {
  private stack: unknown[] = []
  private readonly marked: unknown[][] = []
  /** A Map rather than an array, because a pickle may use an index as large as 2^32 - 1. */
  private readonly memo = new Map<number, unknown>()

  constructor(
    private readonly bytes: Buffer,
    public at: number,
    private readonly path: string,
    private readonly names: PickleNames,
  ) {}

  run(): unknown {
    for (let count = 0; count < MAX_OPCODES; count++) {
      const opcode = this.bytes[this.take(1)]
      if (opcode === 0x2e) return this.pop()
      const step = OPCODES[opcode] ?? this.fail(`opcode 0x${opcode.toString(16)}, which state dicts do not use`)
      step(this)
    }
    return this.fail(`more than ${MAX_OPCODES.toLocaleString('en-US')} opcodes; state dicts have fewer`)
  }

  /** Consumes the next `length` bytes and returns the index of the first. */
  take(length: number): number {
    const start = this.at
    if (start + length > this.bytes.length) this.fail('an unexpected end of data')
    this.at += length
    return start
  }

  unsigned(length: 1 | 2 | 4): number {
    return this.bytes.readUIntLE(this.take(length), length)
  }

  int32(): number {
    return this.bytes.readInt32LE(this.take(4))
  }

  double(): number {
    return this.bytes.readDoubleBE(this.take(8))
  }

  text(length: number): string {
    return this.bytes.toString('utf8', this.take(length), this.at)
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at)
    if (end < 0) this.fail('an unterminated name')
    const text = this.text(end - this.at)
    this.take(1)
    return text
  }

  /** Reads a little-endian two's complement integer of at most 255 bytes. */
  long(length: number): number | bigint {
    const hex = Buffer.from(this.bytes.subarray(this.take(length), this.at))
      .reverse()
      .toString('hex')
    const value = BigInt.asIntN(8 * length, BigInt(`0x0${hex}`))
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }

  push(value: unknown): void {
    this.stack.push(value)
  }

  pop(): unknown {
    return this.stack.length > 0 ? this.stack.pop() : this.fail('an empty stack')
  }

  top(): unknown {
    return this.stack.length > 0 ? this.stack[this.stack.length - 1] : this.fail('an empty stack')
  }

  mark(): void {
    this.marked.push(this.stack)
    this.stack = []
  }

  /** Pops the values pushed since the last mark. */
  sinceMark(): unknown[] {
    const values = this.stack
    this.stack = this.marked.pop() ?? this.fail('no mark on the stack')
    return values
  }

  last(count: number): unknown[] {
    return this.stack.length >= count ? this.stack.splice(-count) : this.fail('too few values on the stack')
  }

  remember(key = this.memo.size): void {
    this.memo.set(key, this.top())
  }

  recall(key: number): void {
    this.push(
      this.memo.has(key) ? this.memo.get(key) : this.fail(`a reference to memo entry ${key}, which was never stored`),
    )
  }

  setItems(items: unknown[]): void {
    const target = this.top()
    if (!(target instanceof Map) || items.length % 2 !== 0) this.fail('items for an object that is not a dictionary')
    for (let i = 0; i < items.length; i += 2) (target as Map<unknown, unknown>).set(items[i], items[i + 1])
  }

  append(items: unknown[]): void {
    const target = this.top()
    if (!Array.isArray(target)) this.fail('items for an object that is not a list')
    for (const item of items) (target as unknown[]).push(item)
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') this.fail('a name that is not a string')
    else this.push(this.names.resolve(module, name))
  }

  persistent(): void {
    this.push(this.names.persistent(this.pop()))
  }

  reduce(): void {
    const [callable, args] = this.last(2)
    if (typeof callable !== 'function') this.fail('a call of an object that is not callable')
    else this.push((callable as Callable)(args))
  }

  /**
   * Discards the attributes of an object. Only OrderedDict has attributes here (torch's `_metadata`), and they do not
   * affect the weights.
   */
  build(): void {
    this.pop()
    if (!(this.top() instanceof Map)) this.fail('attributes of an object that is not a dictionary')
  }

  fail(found: string): never {
    throw new SpanforgeError(`${this.path}: byte ${this.at} of the pickle: found ${found}`, {
      remedy: 'The file is corrupted or is not a state dict. Use a safetensors version of the model instead.',
    })
  }
}

const OPCODES: Readonly<Record<number, (reader: PickleReader) => unknown>> = {
  128: (r) => r.take(1), // PROTO
  149: (r) => r.take(8), // FRAME
  40: (r) => r.mark(),
  78: (r) => r.push(null),
  136: (r) => r.push(true),
  137: (r) => r.push(false),
  75: (r) => r.push(r.unsigned(1)), // BININT1
  77: (r) => r.push(r.unsigned(2)), // BININT2
  74: (r) => r.push(r.int32()), // BININT
  138: (r) => r.push(r.long(r.unsigned(1))), // LONG1
  71: (r) => r.push(r.double()), // BINFLOAT
  88: (r) => r.push(r.text(r.unsigned(4))), // BINUNICODE
  140: (r) => r.push(r.text(r.unsigned(1))), // SHORT_BINUNICODE
  125: (r) => r.push(new Map()), // EMPTY_DICT
  93: (r) => r.push([]), // EMPTY_LIST
  41: (r) => r.push([]), // EMPTY_TUPLE
  116: (r) => r.push(r.sinceMark()), // TUPLE
  133: (r) => r.push(r.last(1)), // TUPLE1
  134: (r) => r.push(r.last(2)), // TUPLE2
  135: (r) => r.push(r.last(3)), // TUPLE3
  115: (r) => r.setItems(r.last(2)), // SETITEM
  117: (r) => r.setItems(r.sinceMark()), // SETITEMS
  97: (r) => r.append(r.last(1)), // APPEND
  101: (r) => r.append(r.sinceMark()), // APPENDS
  113: (r) => r.remember(r.unsigned(1)), // BINPUT
  114: (r) => r.remember(r.unsigned(4)), // LONG_BINPUT
  148: (r) => r.remember(), // MEMOIZE
  104: (r) => r.recall(r.unsigned(1)), // BINGET
  106: (r) => r.recall(r.unsigned(4)), // LONG_BINGET
  99: (r) => r.global(r.line(), r.line()), // GLOBAL
  147: (r) => r.global(...(r.last(2) as [unknown, unknown])), // STACK_GLOBAL
  81: (r) => r.persistent(), // BINPERSID
  82: (r) => r.reduce(),
  98: (r) => r.build(),
}
