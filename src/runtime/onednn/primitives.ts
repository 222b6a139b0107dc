import type { Handle } from '../../native/find-library.ts'
import { int64, Layouts, type PackedWeight, TYPE } from './layouts.ts'
import { AMX, AVX512, hasInstructions, type Library } from './library.ts'
import type { View } from './memory.ts'
import type { Profile } from './profile.ts'

/** Numbers of dnnl_types.h, the same in all of oneDNN 3. */
const ARG = {
  ...{ src: 1, src1: 2, dst: 17, weights: 33, bias: 41, mean: 49, variance: 50, scale: 51, shift: 52 },
  ...{ diffSrc: 129, diffDst: 145, diffScale: 255, diffShift: 256 },
} as const
const postOpArg = (i: number): number => (32768 * (i + 1)) | 2
const [FORWARD_TRAINING, BACKWARD] = [64, 128]
const SOFTMAX = 0x30000
const FORMAT_ANY = 1
const QUERY_WEIGHTS = 131
const [CPU, IN_ORDER] = [1, 1]
const USE_SCALE_AND_SHIFT = 2 | 4

const BINARY = { add: 0x1fff0, mul: 0x1fff1, sub: 0x1fff5, div: 0x1fff4 } as const
const ELTWISE = {
  ...{ relu: 0x20, tanh: 0x21, sqrt: 0x25, linear: 0x26, logistic: 0x29, exp: 0x2a, log: 0x2d },
  ...{ gelu_tanh: 0x2b, gelu_erf: 0x31, swish: 0x2c, mish: 0x33, pow: 0x30 },
} as const
export type Binary = keyof typeof BINARY
export type Eltwise = keyof typeof ELTWISE
export type ActivationOp = 'gelu_erf' | 'gelu_tanh' | 'swish' | 'mish'

export interface FusedActivation {
  readonly op: ActivationOp
  readonly alpha: number
}

/** An operation that a product applies to its result before writing it. */
export type PostOp =
  | { readonly op: 'scale'; readonly by: number }
  | FusedActivation
  /** With the destination itself, `add` adds to the values that it contains. */
  | { readonly op: 'add' | 'mul'; readonly with: View }

/** Mean and variance of each row, and the scale and shift of a layer normalization. */
export interface Norm {
  readonly mean: View
  readonly variance: View
  readonly scale: View
  readonly shift: View
}

interface Compiled {
  readonly handle: Handle
  /** oneDNN's name of the implementation. */
  readonly implementation: string
  /** Number of the call that last used it. */
  used: number
}

type Arguments = (readonly [argument: number, array: View | PackedWeight])[]

/** Maximum number of cached primitives. Each contains code compiled for its shapes, about 0.1 to 0.3 MB. */
const CAPACITY = 1500

/**
 * oneDNN's primitives, run one after the other on the calling thread and on OpenMP's threads. Calls with the same types
 * and shapes share a primitive; those that have not been used for the longest time are removed.
 */
export class Primitives {
  private readonly engine: Handle
  private readonly stream: Handle
  private readonly primitives = new Map<string, Compiled>()
  private readonly layouts: Layouts
  private calls = 0
  private readonly preferences = new Map<string, { readonly descriptor: Handle; readonly bytes: number }>()
  /** An array of dnnl_exec_arg_t: an int and a pointer for each argument. */
  private readonly argumentBytes = new ArrayBuffer(16 * 16)
  private readonly argumentNumbers = new Int32Array(this.argumentBytes)
  private readonly argumentHandles = new BigUint64Array(this.argumentBytes)
  /** If set, measures the time of each kind of call. */
  profile?: Profile

  readonly hasAvx512: boolean

  constructor(
    readonly lib: Library,
    readonly hasAmx = hasInstructions(lib, AMX),
  ) {
    this.hasAvx512 = hasInstructions(lib, AVX512)
    this.engine = lib.engine(CPU, 0)
    this.stream = lib.stream(this.engine, IN_ORDER)
    this.layouts = new Layouts(lib, this.engine)
    // All threads share this cache, so they reuse the code that another lane has compiled.
    lib.cacheCapacity(CAPACITY)
  }

  /** dst = post(a b + bias) for [..., m, k] x [..., k, n]. */
  matmul(
    a: View,
    b: View | PackedWeight,
    dst: View,
    options: { bias?: View; post?: readonly PostOp[]; name?: string } = {},
  ) {
    const { bias, post = [], name = 'matmul' } = options
    const key = `matmul ${this.number(a)} ${this.number(b)} ${bias ? this.number(bias) : ''} ${this.number(dst)} ${this.postKey(post, dst)}`
    const args: Arguments = [
      [ARG.src, a],
      [ARG.weights, b],
      [ARG.dst, dst],
    ]
    if (bias) args.push([ARG.bias, bias])
    for (const [i, p] of post.entries()) if ('with' in p && !isSame(p.with, dst)) args.push([postOpArg(i), p.with])
    this.run(name, key, args, () =>
      this.withPostOps(post, dst, (attributes) =>
        this.lib.matmul(
          this.engine,
          this.descriptor(a),
          this.descriptor(b),
          bias ? this.descriptor(bias) : null,
          this.descriptor(dst),
          attributes,
        ),
      ),
    )
  }

  /** Returns the layout of b that oneDNN prefers for a product a b. */
  preferred(a: View, b: View, dst: View): { readonly descriptor: Handle; readonly bytes: number } {
    const key = `${this.number(a)} ${this.number(b)} ${this.number(dst)}`
    const known = this.preferences.get(key)
    if (known) return known
    const { lib } = this
    const any = lib.descriptorByTag(b.dims.length, int64(b.dims), TYPE[b.type], FORMAT_ANY)
    const product = lib.matmul(this.engine, this.descriptor(a), any, null, this.descriptor(dst), null)
    const descriptor = lib.cloneDescriptor(lib.queryDescriptor(product, QUERY_WEIGHTS, 0))
    lib.freePrimitiveDescriptor(product)
    lib.freeDescriptor(any)
    const preference = { descriptor, bytes: Number(lib.descriptorBytes(descriptor)) }
    this.preferences.set(key, preference)
    return preference
  }

  /** Copies, converting type and layout. */
  reorder(from: View, to: View | PackedWeight, name = 'reorder'): void {
    const args: Arguments = [
      [ARG.src, from],
      [ARG.dst, to],
    ]
    this.run(name, `reorder ${this.number(from)} ${this.number(to)}`, args, () =>
      this.lib.reorder(this.descriptor(from), this.engine, this.descriptor(to), this.engine, null),
    )
  }

  /** Computes the softmax over the last axis. */
  softmax(x: View, y: View): void {
    const args: Arguments = [
      [ARG.src, x],
      [ARG.dst, y],
    ]
    this.run('softmax', `softmax ${this.number(x)} ${this.number(y)}`, args, () => this.softmaxDescriptor(x, y))
  }

  softmaxBackward(y: View, dy: View, dx: View): void {
    const args: Arguments = [
      [ARG.dst, y],
      [ARG.diffDst, dy],
      [ARG.diffSrc, dx],
    ]
    this.run('softmax backward', `softmax' ${this.number(y)} ${this.number(dy)} ${this.number(dx)}`, args, () =>
      this.hinted(this.softmaxDescriptor(y, y), (hint) => {
        const [d, g, axis] = [this.descriptor(dx), this.descriptor(dy), y.dims.length - 1]
        return this.lib.softmaxBackward(this.engine, SOFTMAX, d, g, this.descriptor(y), axis, hint, null)
      }),
    )
  }

  /** y = op(x). Some operations have parameters α and β. */
  eltwise(op: Eltwise, x: View, y: View, alpha = 0, beta = 0): void {
    const args: Arguments = [
      [ARG.src, x],
      [ARG.dst, y],
    ]
    this.run(op, `${op} ${alpha} ${beta} ${this.number(x)} ${this.number(y)}`, args, () =>
      this.eltwiseDescriptor(op, x, y, alpha, beta),
    )
  }

  /** dx = op'(x) dy. */
  eltwiseBackward(op: Eltwise, x: View, dy: View, dx: View, alpha = 0): void {
    const args: Arguments = [
      [ARG.src, x],
      [ARG.diffDst, dy],
      [ARG.diffSrc, dx],
    ]
    this.run(`${op} backward`, `${op}' ${alpha} ${this.number(x)} ${this.number(dy)} ${this.number(dx)}`, args, () =>
      this.hinted(this.eltwiseDescriptor(op, x, x, alpha, 0), (hint) => {
        const [d, g] = [this.descriptor(dx), this.descriptor(dy)]
        return this.lib.eltwiseBackward(this.engine, ELTWISE[op], d, g, this.descriptor(x), alpha, 0, hint, null)
      }),
    )
  }

  /** y = scale (a op b), where b is broadcast along axes of size 1. */
  binary(op: Binary, a: View, b: View, y: View, scale = 1): void {
    const args: Arguments = [
      [ARG.src, a],
      [ARG.src1, b],
      [ARG.dst, y],
    ]
    const post: readonly PostOp[] = scale === 1 ? [] : [{ op: 'scale', by: scale }]
    this.run(op, `${op} ${scale} ${this.number(a)} ${this.number(b)} ${this.number(y)}`, args, () =>
      this.withPostOps(post, y, (attributes) =>
        this.lib.binary(
          ...[this.engine, BINARY[op], this.descriptor(a), this.descriptor(b), this.descriptor(y), attributes],
        ),
      ),
    )
  }

  layerNorm(x: View, norm: Norm, y: View, epsilon: number): void {
    const args: Arguments = [[ARG.src, x], [ARG.dst, y], ...normArguments(norm)]
    this.run('layer norm', `norm ${this.number(x)} ${this.number(y)} ${epsilon}`, args, () =>
      this.layerNormDescriptor(x, y, norm, epsilon),
    )
  }

  layerNormBackward(x: View, norm: Norm, dy: View, dx: View, dScale: View, dShift: View, epsilon: number): void {
    const args: Arguments = [
      [ARG.src, x],
      [ARG.diffDst, dy],
      [ARG.diffSrc, dx],
      [ARG.diffScale, dScale],
      [ARG.diffShift, dShift],
      ...normArguments(norm),
    ]
    this.run(
      'layer norm backward',
      `norm' ${this.number(x)} ${this.number(dy)} ${this.number(dx)} ${epsilon}`,
      args,
      () =>
        this.hinted(this.layerNormDescriptor(x, dy, norm, epsilon), (hint) =>
          this.lib.layerNormBackward(
            ...[this.engine, BACKWARD, this.descriptor(dx), this.descriptor(dy), this.descriptor(x)],
            ...[this.descriptor(norm.mean), epsilon, USE_SCALE_AND_SHIFT, hint, null],
          ),
        ),
    )
  }

  close(): void {
    const { lib } = this
    for (const { handle } of this.primitives.values()) lib.freePrimitive(handle)
    this.layouts.close()
    for (const { descriptor } of this.preferences.values()) lib.freeDescriptor(descriptor)
    lib.freeStream(this.stream)
    lib.freeEngine(this.engine)
  }

  private softmaxDescriptor = (x: View, y: View): Handle =>
    this.lib.softmax(
      ...[this.engine, FORWARD_TRAINING, SOFTMAX, this.descriptor(x), this.descriptor(y), x.dims.length - 1, null],
    )

  private eltwiseDescriptor = (op: Eltwise, x: View, y: View, alpha: number, beta: number): Handle =>
    this.lib.eltwise(
      ...[this.engine, FORWARD_TRAINING, ELTWISE[op], this.descriptor(x), this.descriptor(y), alpha, beta, null],
    )

  private layerNormDescriptor = (x: View, y: View, { mean }: Norm, epsilon: number): Handle =>
    this.lib.layerNorm(
      ...[this.engine, FORWARD_TRAINING, this.descriptor(x), this.descriptor(y), this.descriptor(mean)],
      ...[epsilon, USE_SCALE_AND_SHIFT, null],
    )

  /** Creates the description of a backward primitive, which needs the forward one as a hint. */
  private hinted(hint: Handle, describe: (hint: Handle) => Handle): Handle {
    try {
      return describe(hint)
    } finally {
      this.lib.freePrimitiveDescriptor(hint)
    }
  }

  private withPostOps(post: readonly PostOp[], dst: View, describe: (attributes: Handle | null) => Handle): Handle {
    if (post.length === 0) return describe(null)
    const { lib } = this
    const [attributes, operations] = [lib.attributes(), lib.postOps()]
    try {
      for (const p of post) {
        if (p.op === 'scale') lib.appendEltwise(operations, ELTWISE.linear, p.by, 0)
        else if (!('with' in p)) lib.appendEltwise(operations, ELTWISE[p.op], p.alpha, 0)
        else if (p.op === 'add' && isSame(p.with, dst)) lib.appendSum(operations, 1, 0, 0)
        else lib.appendBinary(operations, BINARY[p.op], this.descriptor(p.with))
      }
      lib.setPostOps(attributes, operations)
      return describe(attributes)
    } finally {
      lib.freePostOps(operations)
      lib.freeAttributes(attributes)
    }
  }

  private run(name: string, key: string, args: Arguments, describe: () => Handle): void {
    if (this.profile) this.profile.time(name, () => this.runNow(name, key, args, describe))
    else this.runNow(name, key, args, describe)
  }

  private runNow(name: string, key: string, args: Arguments, describe: () => Handle): void {
    const { handle, implementation } = this.compiled(key, describe)
    for (let i = 0; i < args.length; i++) {
      const [argument, array] = args[i]
      this.argumentNumbers[4 * i] = argument
      this.argumentHandles[2 * i + 1] = this.layouts.memory(array, argument)
    }
    const status = this.lib.execute(handle, this.stream, args.length, this.argumentBytes)
    if (status !== 0) throw new Error(`oneDNN: ${name} failed with status ${status}`)
    this.profile?.addImplementation(name, implementation)
  }

  private compiled(key: string, describe: () => Handle): Compiled {
    const known = this.primitives.get(key)
    if (known) {
      known.used = this.calls++
      return known
    }
    const begin = performance.now()
    const description = describe()
    const implementation = this.lib.implementation(description)
    const compiled = { handle: this.lib.primitive(description), implementation, used: this.calls++ }
    this.lib.freePrimitiveDescriptor(description)
    this.primitives.set(key, compiled)
    this.profile?.add('compiling primitives', performance.now() - begin)
    if (this.primitives.size > CAPACITY) this.forget()
    return compiled
  }

  /** Removes the tenth of the primitives that has not been used for the longest time. */
  private forget(): void {
    const oldest = [...this.primitives].sort(([, a], [, b]) => a.used - b.used).slice(0, CAPACITY / 10)
    for (const [key, { handle }] of oldest) {
      this.primitives.delete(key)
      this.lib.freePrimitive(handle)
    }
  }

  private descriptor(x: View | PackedWeight): Handle {
    return this.layouts.of(x).descriptor
  }

  /** Returns the number of an array's layout, which is part of the key of a primitive. */
  private number(x: View | PackedWeight): number {
    return this.layouts.of(x).number
  }

  private postKey(post: readonly PostOp[], dst: View): string {
    return post
      .map((p) => {
        if (!('with' in p)) return `${p.op}${p.op === 'scale' ? p.by : p.alpha}`
        return p.op === 'add' && isSame(p.with, dst) ? 'sum' : `${p.op}${this.number(p.with)}`
      })
      .join()
  }
}

const normArguments = ({ mean, variance, scale, shift }: Norm): Arguments => [
  [ARG.mean, mean],
  [ARG.variance, variance],
  [ARG.scale, scale],
  [ARG.shift, shift],
]

const isSame = (a: View, b: View): boolean => a.address === b.address && a.signature === b.signature
