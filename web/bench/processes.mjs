/*
 * What processes cost, as the kernel counts it in /proc: processor time of a process and all below it, and how busy the
 * whole machine is, so that a run beside somebody else's work can be told from a quiet one.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { loadavg } from 'node:os'

/** What /proc counts time in; the same on every Linux machine. */
const TICKS_PER_SECOND = 100

/** The fields of /proc/N/stat after the name: state, parent, ... */
function fields(process) {
  try {
    const text = readFileSync(`/proc/${process}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** A process and all below it, now. */
export function family(root) {
  const children = new Map()
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) && fields(name)?.[1]
    if (parent) children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)])
  }
  const found = [root]
  for (const process of found) found.push(...(children.get(process) ?? []))
  return found
}

/** Seconds of processor time of a process, of all below it and of their children that have ended. */
export function cpuSeconds(root) {
  // utime, stime, cutime, cstime
  const ticks = (process) => (fields(process) ?? []).slice(11, 15).reduce((sum, n) => sum + Number(n), 0)
  return family(root).reduce((sum, process) => sum + ticks(process), 0) / TICKS_PER_SECOND
}

/** Seconds that all processors of the machine were busy, and seconds that there were. */
export function machineSeconds() {
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]
  const ticks = line.split(/\s+/).slice(1, 9).map(Number)
  const all = ticks.reduce((sum, n) => sum + n, 0)
  return { busy: (all - ticks[3] - ticks[4]) / TICKS_PER_SECOND, all: all / TICKS_PER_SECOND }
}

/** How many processes want to run, over the last minute. */
export const load = () => loadavg()[0]
