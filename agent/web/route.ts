const views = ['overview', 'asset', 'alarms', 'actions', 'models', 'inspection', 'connections'] as const

/** Where one is on the page. */
export interface Route {
  readonly view: (typeof views)[number]
  /** What the view is of: the name of the asset or station; empty where nothing is named. */
  readonly detail: string
}

/** `#/asset/line1%2Fpump2` -> the view of that asset. What is not known is the overview. */
export function routeOf(hash: string): Route {
  const [, name = '', detail = ''] = /^#\/([^/]*)\/?(.*)$/.exec(hash) ?? []
  const view = views.find((each) => each === name) ?? 'overview'
  return { view, detail: decode(detail) }
}

export function assetLink(asset: string): string {
  return `#/asset/${encodeURIComponent(asset)}`
}

export function inspectionLink(station: string): string {
  return `#/inspection/${encodeURIComponent(station)}`
}

export const modelsLink = '#/models'

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
