/*
 * Remembers the address of each unfinished upload in this browser, under what identifies the file, so that an upload
 * goes on after a reload as soon as the same file is chosen again.
 */
const key = 'shoal.uploads'
const longest = 7 * 86_400_000

type Kept = Record<string, { address: string; since: number }>

export function nameOfFile(file: { name: string; size: number; lastModified: number }): string {
  return `${file.name}|${file.size}|${file.lastModified}`
}

function read(now: number): Kept {
  try {
    const all = JSON.parse(localStorage.getItem(key) ?? '{}') as Kept
    return Object.fromEntries(Object.entries(all).filter(([, one]) => now - one.since < longest))
  } catch {
    return {}
  }
}

export function keptAddress(file: File): string | undefined {
  return read(Date.now())[nameOfFile(file)]?.address
}

export function keepAddress(file: File, address: string | undefined) {
  const all = read(Date.now())
  if (address) all[nameOfFile(file)] = { address, since: Date.now() }
  else delete all[nameOfFile(file)]
  localStorage.setItem(key, JSON.stringify(all))
}
