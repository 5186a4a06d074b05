/** The colours: as the system has them, or as chosen in this browser. */
export type Theme = 'auto' | 'light' | 'dark'

const key = 'millwright.theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

export function theme(): Theme {
  const stored = localStorage.getItem(key)
  return stored === 'light' || stored === 'dark' ? stored : 'auto'
}

/** What is on the screen now. */
export function shownTheme(): 'light' | 'dark' {
  const chosen = theme()
  return chosen === 'auto' ? (dark.matches ? 'dark' : 'light') : chosen
}

export function startTheme(): void {
  document.documentElement.dataset.theme = shownTheme()
  dark.onchange = () => (document.documentElement.dataset.theme = shownTheme())
}

export function nextTheme(): void {
  const order: Theme[] = ['auto', 'light', 'dark']
  localStorage.setItem(key, order[(order.indexOf(theme()) + 1) % order.length])
  startTheme()
}
