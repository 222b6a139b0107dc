import { showText } from '../show-value.ts'

/** A web address for a message: without the secrets that it may hold, user name, password, query and fragment. */
export const showAddress = (address: string): string =>
  // Up to the last @, because an address that is not valid may have a password with any character in it.
  showText(address.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1').replace(/[?#].*$/s, ''))
