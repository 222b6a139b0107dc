import { showText } from '../../show-value.ts'

/** A web address made safe for a message: user name, password, query and fragment are removed. */
export const showAddress = (address: string): string =>
  // Cuts up to the last @, because the password in an invalid address can contain any character.
  showText(address.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1').replace(/[?#].*$/s, ''))
