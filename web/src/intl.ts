/*
 * The browser's makers of texts in a language, kept once made: making one takes longer than hundreds of texts, a page
 * needs dozens while it starts, and some of its figures change every second. There are few kinds.
 */
function kept<Options, Maker>(make: (language: string, options: Options) => Maker): (language: string, options: Options) => Maker {
  const makers = new Map<string, Maker>()
  return (language, options) => {
    const key = `${language} ${JSON.stringify(options)}`
    let maker = makers.get(key)
    if (maker === undefined) makers.set(key, (maker = make(language, options)))
    return maker
  }
}

export const numbers = kept((language: string, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(language, options))
export const dates = kept((language: string, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, options))
export const relatives = kept((language: string, options: Intl.RelativeTimeFormatOptions) => new Intl.RelativeTimeFormat(language, options))
export const plurals = kept((language: string, options: Intl.PluralRulesOptions) => new Intl.PluralRules(language, options))
