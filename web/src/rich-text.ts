/*
 * Descriptions are plain text with a little structure: paragraphs, line breaks, links and times that lead into the
 * video. This splits a text into such parts; the page renders the parts as elements, so HTML in a text stays text.
 */
export type Part =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'time'; text: string; seconds: number }

const pattern = /(https?:\/\/[^\s<>"'`]+)|\b((?:\d{1,2}:)?[0-5]?\d:[0-5]\d)\b/g

/** A paragraph is a list of lines, a line is a list of parts. */
export function paragraphs(text: string): Part[][][] {
  return text
    .replace(/\r\n?/g, '\n')
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.split('\n').map(parts))
    .filter((lines) => lines.some((line) => line.length > 0))
}

export function parts(line: string): Part[] {
  const found: Part[] = []
  let from = 0
  for (const hit of line.matchAll(pattern)) {
    const [whole, url, time] = hit
    const link = url === undefined ? undefined : withoutTail(url)
    const text = link ?? whole
    if (hit.index > from) found.push({ kind: 'text', text: line.slice(from, hit.index) })
    if (link !== undefined) found.push({ kind: 'link', text, href: link })
    else if (time !== undefined) found.push({ kind: 'time', text, seconds: secondsOf(time) })
    from = hit.index + text.length
  }
  if (from < line.length) found.push({ kind: 'text', text: line.slice(from) })
  return found
}

/** Leaves a full stop after an address, and a bracket that was opened before it, outside. */
function withoutTail(url: string): string {
  let end = url.replace(/[.,;:!?*_]+$/, '')
  while (end.endsWith(')') && count(end, ')') > count(end, '(')) end = end.slice(0, -1)
  return end
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1
}

export function secondsOf(time: string): number {
  return time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}

/** Reads ?start= as seconds, or as PeerTube writes it: 1h2m3s. */
export function startSeconds(text: string | null): number | undefined {
  if (!text) return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  const named = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text)
  if (named) {
    const [, hours = '0', minutes = '0', seconds = '0'] = named
    return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  }
  return /^(\d+:)?\d+:\d+$/.test(text) ? secondsOf(text) : undefined
}
