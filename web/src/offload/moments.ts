/*
 * Hours and days as people read them under a chart and in its table. Days are the pod's, which are UTC's; hours are shown in the
 * visitor's own time.
 */

/** Short, for the foot of a chart: "14:00" or "3 Jan". */
export function moment(iso: string, hourly: boolean, language: string): string {
  const at = Date.parse(iso)
  if (Number.isNaN(at)) return ''
  const form: Intl.DateTimeFormatOptions = hourly
    ? { hour: '2-digit', minute: '2-digit' }
    : { day: 'numeric', month: 'short', timeZone: 'UTC' }
  return new Intl.DateTimeFormat(language, form).format(at)
}

/** Whole, for a row of a table: "3 Jan 2026" or "3 Jan 2026, 14:00". */
export function wholeMoment(iso: string, hourly: boolean, language: string): string {
  return new Intl.DateTimeFormat(language, whole(hourly)).format(Date.parse(iso))
}

/** From the beginning of one step to that of another: "1 – 7 Jan 2026", or one moment when they are the same. */
export function stretch(first: string, last: string, hourly: boolean, language: string): string {
  return new Intl.DateTimeFormat(language, whole(hourly)).formatRange(Date.parse(first), Date.parse(last))
}

function whole(hourly: boolean): Intl.DateTimeFormatOptions {
  const day: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', year: 'numeric' }
  return hourly ? { ...day, hour: '2-digit', minute: '2-digit' } : { ...day, timeZone: 'UTC' }
}
