/*
 * Matches a path against a pattern such as /w/:id and hands out the named parts. Pure, so that the table of
 * routes can be tested without a browser.
 */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const given = path.replace(/(.)\/$/, '$1').split('/')
  if (wanted.length !== given.length) return undefined
  const parts: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? ''
    if (part.startsWith(':')) {
      if (!value) return undefined
      parts[part.slice(1)] = decode(value)
    } else if (part !== value) {
      return undefined
    }
  }
  return parts
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
