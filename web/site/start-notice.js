// Runs without modules, so that it can explain why the page does not start where modules are not available.
// A module script that cannot be loaded runs no code that could catch the error.
addEventListener(
  'error',
  function (event) {
    var notice = document.getElementById('start-notice')
    if (!notice || !(event.target instanceof HTMLElement) || event.target.tagName !== 'SCRIPT') return
    notice.textContent =
      'A script of this page cannot be loaded: ' +
      event.target.src +
      '. Check the network connection, and reload the page. If this happens again, the file is missing on the host, or the host does not deliver it as JavaScript. The owner of the page must upload the exported folder again, with all files.'
  },
  true
)
addEventListener('DOMContentLoaded', function () {
  var notice = document.getElementById('start-notice')
  if (location.protocol === 'file:')
    notice.textContent =
      'This page was opened as a file, where browsers do not allow models to run. Put its folder on any web server, or run "npx http-server" in the folder and open the address that it shows.'
  else if (!('noModule' in HTMLScriptElement.prototype))
    notice.textContent = 'This page requires a newer browser: a version of Chrome, Edge, Firefox or Safari from 2023 or later.'
})
