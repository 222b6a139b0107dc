import { useEffect, useState } from 'preact/hooks'
import { sharedNow } from '../keeping.ts'
import { count } from '../logic/numbers.ts'
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
        Text and questions stand in the link itself. Nothing is stored anywhere: what follows the # in a link stays in
        the browser.
      </p>
      <CopyField label="Link to this page" text={link} />
      {link.length > LONG_LINK && (
        <p class="note">
          The link has {count(link.length)} characters. Some mail and chat programs cut such links: send it as a file
          then.
        </p>
      )}
    </>
  )
}
