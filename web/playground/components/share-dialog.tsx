import { useEffect, useState } from 'preact/hooks'
import { count } from '../../shared/numbers.ts'
import { sharedNow } from '../keeping.ts'
import { LONG_LINK, toFragment } from '../logic/share-link.ts'
import { CopyField } from './copy-field.tsx'
import { Dialog } from './dialog.tsx'

export const ShareDialog = () => (
  <Dialog name="share" title="Share">
    {() => <Link />}
  </Dialog>
)

function Link() {
  const [link, setLink] = useState('')
  useEffect(() => {
    void toFragment(sharedNow()).then((fragment) => setLink(location.href.replace(/#.*/, '') + fragment))
  }, [])
  if (link === '') return null
  return (
    <>
      <p>
        The link contains the text and the questions in the part after #, which browsers do not send. Nothing is stored
        on a server.
      </p>
      <CopyField label="Link to this page" text={link} />
      {link.length > LONG_LINK && (
        <p class="note">
          The link has {count(link.length)} characters. Some mail and chat programs truncate links of this length. In
          that case, send it as a file.
        </p>
      )}
    </>
  )
}
