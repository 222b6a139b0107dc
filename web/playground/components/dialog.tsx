import type { ComponentChildren } from 'preact'
import { ModalDialog } from '../../shared/modal-dialog.tsx'
import * as state from '../state.ts'

interface DialogProps {
  readonly name: NonNullable<typeof state.openDialog.value>
  readonly title: string
  readonly children: () => ComponentChildren
}

/** A dialog of the playground. */
export const Dialog = (props: DialogProps) => <ModalDialog {...props} open={state.openDialog} />
