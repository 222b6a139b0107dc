import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { explain } from '../../files/explain.ts'
import { assertLocksHeld } from '../../files/lock.ts'
import { openEventFile } from '../../report/tensorboard.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { EVENTS_FOLDER, LOG_FILE } from '../run-files.ts'
import type { Listener } from '../screen/progress-listener.ts'

/** Returns the listeners that `report_to` selects. They write each log entry immediately. */
export function logFiles({ report_to, output_dir, logging_dir }: TrainingArguments): Listener[] {
  const makers = {
    tensorboard: () => tensorboard(logging_dir ?? join(output_dir, EVENTS_FOLDER)),
    jsonl: () => jsonLines(join(output_dir, LOG_FILE)),
  }
  return report_to.map((name) => makers[name]())
}

function tensorboard(folder: string): Listener {
  const file = openEventFile(folder)
  return (event) => {
    if (event.type === 'log' || event.type === 'evaluate') file.log(event.entry)
  }
}

/** Writes JSON Lines. When a run resumes, entries after its checkpoint are removed, because they will be logged again. */
function jsonLines(path: string): Listener {
  const line = (entry: object) => `${JSON.stringify(entry)}\n`
  return (event) => {
    assertLocksHeld(path)
    try {
      if (event.type === 'start') {
        mkdirSync(join(path, '..'), { recursive: true })
        writeFileSync(path, event.state.log_history.map(line).join(''))
      }
      if (event.type === 'log' || event.type === 'evaluate') appendFileSync(path, line(event.entry))
    } catch (error) {
      throw explain(path, error)
    }
  }
}
