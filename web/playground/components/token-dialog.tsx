import { AccessDialog } from '../../shared/access-dialog.tsx'
import { askMissing, loadModels } from '../asking.ts'
import * as state from '../state.ts'

const load = async () => {
  await loadModels()
  state.complaint.value = undefined
  askMissing()
}

export const TokenDialog = () => <AccessDialog open={state.openDialog} load={load} />
