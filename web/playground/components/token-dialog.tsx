import { AccessDialog } from '../../shared/access-dialog.tsx'
import { loadModels } from '../asking.ts'
import * as state from '../state.ts'

const load = async () => {
  await loadModels()
  state.complaint.value = undefined
}

export const TokenDialog = () => <AccessDialog open={state.openDialog} load={load} />
