import { UsageError } from '../../errors.ts'
import { withTeacher } from '../arguments/arguments.ts'
import { readLoopState } from '../checkpoints/run-checkpoint.ts'
import { checkUnchanged, digestRun } from '../checkpoints/run-digests.ts'
import type { TrainingEvent } from './events.ts'
import { planRun } from './plan.ts'
import { TrainingSession } from './session.ts'
import { type PlannedRun, type TrainingRun, withGlobalBatchSize } from './training-run.ts'

/**
 * Plans and performs a run. Yields events; leaving the loop stops the run. Afterwards, the model has the last weights or,
 * with load_best_model_at_end, the best ones.
 */
export async function* train(given: TrainingRun): AsyncGenerator<TrainingEvent, void, void> {
  if (!given.teacher && given.args.teacher_weight !== null)
    throw new UsageError('train: teacher_weight requires a teacher', 'Pass the model as teacher.')
  const run = given.teacher ? { ...given, args: withTeacher(given.args) } : given
  const digests = run.digests ?? (await digestRun(run))
  if (run.resume_from) await checkUnchanged(run.resume_from, digests, run.args)
  const batch_size = run.resume_from ? (await readLoopState(run.resume_from))?.batch_size : run.batch_size
  const plan = planRun(run.train.windows.length, withGlobalBatchSize({ ...run, batch_size }))
  yield* trainAsPlanned({ ...run, batch_size, digests, plan })
}

export async function* trainAsPlanned(run: PlannedRun): AsyncGenerator<TrainingEvent, void, void> {
  const session = await TrainingSession.open(run)
  try {
    yield* session.freeze()
    yield* session.teach()
    await session.fit()
    const { plan, state } = session
    yield { type: 'start', plan, global_step: state.global_step, state }
    yield* session.logFit()
    if (run.resume_from) yield* session.catchUp()
    else if (run.args.eval_on_start) yield* session.evaluate()

    while (session.continues) {
      for (const group of session.restOfEpoch()) {
        yield await session.step(group)
        yield* session.afterStep()
        if (!session.continues) break
        yield* session.hold()
        if (await session.isInterrupted()) return yield* session.interrupt()
      }
      yield* session.afterEpoch()
    }
    yield* session.end()
  } finally {
    await session.release()
  }
}
