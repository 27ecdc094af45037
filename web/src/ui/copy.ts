/*
 * Text onto the clipboard, also where the browser's own way is missing (a page without TLS): then a field that nobody
 * sees is selected and copied. It stands beside the button, because a modal window takes the focus from all else.
 */
export async function copyText(text: string, beside: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = document.createElement('textarea')
    field.value = text
    field.readOnly = true
    field.style.cssText = 'position:fixed;opacity:0;pointer-events:none'
    beside.after(field)
    field.select()
    const copied = document.execCommand('copy')
    field.remove()
    beside.focus()
    return copied
  }
}
