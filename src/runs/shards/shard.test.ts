import { expect, test } from 'vitest'
import { isOwn, parseShard, shardPath } from './shard.ts'

test('reads a shard from the flag', () => {
  expect(parseShard('3/16', {})).toEqual({ index: 3, count: 16 })
  expect(parseShard(' 1/1 ', {})).toEqual({ index: 1, count: 1 })
  for (const wrong of [
    '0/0',
    '0/4',
    '5/4',
    '17/16',
    '1/0',
    '3',
    '/4',
    '1/2/3',
    '-1/4',
    '1.5/4',
    'a/b',
    '',
    '1/1000000',
  ])
    expect(() => parseShard(wrong, {}), wrong).toThrow('--shard')
})

test('reads the index of an Indexed Job and of a Slurm array', () => {
  expect(parseShard('auto/16', { JOB_COMPLETION_INDEX: '0' })).toEqual({ index: 1, count: 16 })
  expect(parseShard('auto/16', { SLURM_ARRAY_TASK_ID: '15' })).toEqual({ index: 16, count: 16 })
  const array = { SLURM_ARRAY_TASK_MIN: '0', SLURM_ARRAY_TASK_MAX: '7', SLURM_ARRAY_TASK_COUNT: '8' }
  expect(parseShard('auto', { ...array, SLURM_ARRAY_TASK_ID: '7' })).toEqual({ index: 8, count: 8 })
})

test('explains what is missing or inconsistent in the environment', () => {
  expect(() => parseShard('auto/4', {})).toThrow('neither JOB_COMPLETION_INDEX')
  expect(() => parseShard('auto', { JOB_COMPLETION_INDEX: '1' })).toThrow('the number of shards is unknown')
  expect(() => parseShard('auto/4', { JOB_COMPLETION_INDEX: '4' })).toThrow('is 4, expected 0 to 3')
  expect(() => parseShard('auto/4', { JOB_COMPLETION_INDEX: 'x' })).toThrow('is x, expected an integer')
  const repeated = { SLURM_ARRAY_TASK_MIN: '3', SLURM_ARRAY_TASK_MAX: '7', SLURM_ARRAY_TASK_COUNT: '2' }
  expect(() => parseShard('auto', { ...repeated, SLURM_ARRAY_TASK_ID: '3' })).toThrow(
    'has 2 tasks from 3 to 7, expected 0 to 1',
  )
})

test('every unit belongs to one shard, and the names of shards sort by index', () => {
  const shards = Array.from({ length: 12 }, (_, i) => ({ index: i + 1, count: 12 }))
  for (let unit = 0; unit < 30; unit++) expect(shards.filter((shard) => isOwn(shard, unit))).toHaveLength(1)
  expect(isOwn(undefined, 7)).toBe(true)
  const paths = shards.map((shard) => shardPath('out/answers.jsonl.gz', shard))
  expect(paths[2]).toBe('out/shard-03-of-12.answers.jsonl.gz')
  expect([...paths].sort()).toEqual(paths)
})
