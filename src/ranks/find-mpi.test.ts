import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { rankEnvironment } from './environment.ts'
import { findMpi } from './find-mpi.ts'

test('recognizes the launchers of both families', () => {
  const openMpi = { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4', PMIX_RANK: '1' }
  expect(rankEnvironment(openMpi)).toEqual({ family: 'Open MPI', rank: 1, size: 4, local_rank: 0 })
  expect(rankEnvironment({ PMI_RANK: '0', PMI_SIZE: '2' })).toEqual({
    family: 'MPICH',
    rank: 0,
    size: 2,
    local_rank: 0,
  })
  const srun = { PMIX_RANK: '7', SLURM_STEP_NUM_TASKS: '8', SLURM_LOCALID: '3' }
  expect(rankEnvironment(srun)).toEqual({ family: 'Open MPI', rank: 7, size: 8, local_rank: 3 })
})

test('a process on its own has no ranks', () => {
  expect(rankEnvironment({})).toBeUndefined()
  expect(rankEnvironment({ OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '1' })).toBeUndefined()
  expect(rankEnvironment({ SLURM_PROCID: '0', SLURM_NTASKS: '4' })).toBeUndefined()
  expect(() => rankEnvironment({ PMI_RANK: 'x', PMI_SIZE: '2' })).toThrow('PMI_RANK: found x, expected an integer')
})

test('finds the library next to the launcher, before others', () => {
  const folder = temporaryFolder()
  const place = (path: string) => {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, '')
    return file
  }
  const system = place('system/libmpi.so.40.30.4')
  const near = place('mpi/lib/libmpi.so.40')
  const mpich = place('mpi/lib/libmpi.so.12')
  const surroundings = { env: {}, home: folder, cwd: folder, system: [join(folder, 'system')] }
  const launcher = join(folder, 'mpi/bin/mpirun')
  expect(findMpi({ family: 'Open MPI' }, surroundings, [])).toBe(system)
  expect(findMpi({ family: 'Open MPI' }, surroundings, ['/bin/sh', launcher])).toBe(near)
  expect(findMpi({ family: 'MPICH' }, surroundings, [join(folder, 'mpi/bin/hydra_pmi_proxy')])).toBe(mpich)
  expect(() => findMpi({ family: 'MPICH' }, surroundings, [])).toThrow('its library (libmpi.so.12) was not found')
  const env = { SPANFORGE_MPI: '/opt/libmpi.so' }
  expect(findMpi({ family: 'MPICH' }, { ...surroundings, env }, [launcher])).toBe('/opt/libmpi.so')
})
