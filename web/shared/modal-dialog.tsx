import type { Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from './icon.tsx'

interface DialogProps<Name extends string> {
  readonly name: Name
  /** The name of the open dialog. */
  readonly open: Signal<Name | undefined>
  readonly title: string
  readonly children: () => ComponentChildren
}

/** A native dialog, which traps the focus, closes with Escape and restores the focus. */
export function ModalDialog<Name extends string>({ name, open, title, children }: DialogProps<Name>) {
  const dialog = useRef<HTMLDialogElement>(null)
  const isPressedOutside = useRef(false)
  const isOpen = open.value === name
  // Not an effect after painting: keys pressed in the meantime would be lost.
  useLayoutEffect(() => {
    if (isOpen) dialog.current?.showModal()
    else dialog.current?.close()
  }, [isOpen])
  const close = () => {
    if (open.value === name) open.value = undefined
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it already.
    <dialog
      ref={dialog}
      aria-labelledby={`${name}-title`}
      onClose={close}
      // A click also ends a selection that was dragged out of the dialog, which must not close it.
      onPointerDown={(event) => {
        isPressedOutside.current = event.target === dialog.current
      }}
      onClick={(event) => event.target === dialog.current && isPressedOutside.current && close()}
    >
      {isOpen && (
        <div class="inside">
          <div class="head">
            <h2 id={`${name}-title`}>{title}</h2>
            <button type="button" class="quiet" aria-label="Close" onClick={close}>
              <Icon name="close" />
            </button>
          </div>
          {children()}
        </div>
      )}
    </dialog>
  )
}
