/** Mutations of training on devices and ranks, of shards, digests, adaptation and promotion. */
import { type Mutation, mutations } from './mutation.ts'

const float16 = mutations('src/training/optimizer/loss-scaler.test.ts', 'src/training/loop/float16.test.ts')
const ranks = mutations('src/ranks/bfloat16-sum.test.ts', 'src/training/loop/ranks.test.ts', 'tests/mpi.test.ts')
const digests = mutations('src/inference/digests.test.ts')

export const RUN_MUTATIONS: readonly Mutation[] = [
  ...mutations('src/runtime/webgpu/device-memory.test.ts')('src/runtime/webgpu/device-memory.ts', [
    'if (!graph.isReleased || graph.alive > 0) return',
    'if (!graph.isReleased) return',
  ]),
  ...mutations('src/runtime/executable.test.ts')('src/runtime/webgpu/executable.ts', [
    'this.held.get(input, {}).data === into.data',
    'input === name',
  ]),
  ...mutations('src/training/loop/resident-training.test.ts')('src/training/loop/resident-training.ts', [
    'if (this.pools.get(probability) === pooled.round) continue',
    'if (this.pools.has(probability)) continue',
  ]),
  ...float16('src/training/optimizer/loss-scaler.ts', [
    'growth_tracker + 1 < GROWTH_INTERVAL',
    'growth_tracker < GROWTH_INTERVAL',
  ]),
  ...float16('src/training/loop/stepper.ts', [
    'this.learningRate(scaler ? this.optimizer.taken : step)',
    'this.learningRate(step)',
  ]),
  ...ranks('src/ranks/bfloat16-sum.ts', ['Math.ceil(values.length / size)', 'Math.floor(values.length / size)']),
  ...ranks('src/ranks/mpi-worker.ts', ['mpi.sum(address + 4 * at, numbers)', 'mpi.sum(address + at, numbers)']),
  ...ranks('src/training/loop/ranked-gradient.ts', [
    'const own = (await this.own.join?.(loss)) ?? loss',
    'const own = loss',
  ]),
  ...mutations('src/training/dropout/window-draws.test.ts', 'src/training/loop/ranks.test.ts')(
    'src/batching/passes.ts',
    ['indices.map((r) => first_place + r)', 'indices.map((_, r) => first_place + r)'],
  ),
  ...mutations('src/cli/commands/merge.test.ts')('src/runs/shards/shard-manifest.ts', [
    'if (found.sha256 !== (await sha256Of(lines))) return undefined',
    'if (found.sha256 === undefined) return undefined',
  ]),
  ...digests(
    'src/inference/digests.ts',
    ['answers.flatMap(({ text, answer_start }) => [text, answer_start])', 'answers.map(({ text }) => text)'],
    ['    hash.update(input_ids)\n', ''],
  ),
  ...mutations('src/training/checkpoints/run-digests.test.ts')('src/training/checkpoints/run-digests.ts', [
    'namedBy: [...TRAIN, ...LENGTHS, ...MODEL]',
    'namedBy: [...TRAIN, ...MODEL]',
  ]),
  ...mutations('src/cli/commands/promote.test.ts')('src/runs/promote/judge.ts', [
    'const { low } = difference',
    'const low = difference.difference',
  ]),
  ...mutations('src/cloze/cloze-sample.test.ts')('src/cloze/cloze-sample.ts', [
    "=> held_out_by === 'passage' &&",
    "=> held_out_by === 'document' &&",
  ]),
]
