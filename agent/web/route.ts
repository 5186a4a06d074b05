/** Where one is on the page. */
export interface Route {
  readonly view: 'overview' | 'asset' | 'alarms' | 'models' | 'connections'
  /** Name of the asset, on its view. */
  readonly asset: string
}

const views = ['overview', 'asset', 'alarms', 'models', 'connections'] as const

/** `#/asset/line1%2Fpump2` -> the view of that asset. What is not known is the overview. */
export function routeOf(hash: string): Route {
  const [, name = '', detail = ''] = /^#\/([^/]*)\/?(.*)$/.exec(hash) ?? []
  const view = views.find((each) => each === name) ?? 'overview'
  return { view, asset: decode(detail) }
}

export function assetLink(asset: string): string {
  return `#/asset/${encodeURIComponent(asset)}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
