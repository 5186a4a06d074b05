/**
 * What stands at a path such as `data.motor.0.speed`; undefined where nothing does. A key that holds dots itself goes
 * before the levels: `Motor.Speed` finds `{"Motor.Speed": 1}` and `{"Motor": {"Speed": 1}}`.
 */
export function at(root: unknown, path: string): unknown {
  if (typeof root !== 'object' || root === null) return undefined
  if (Object.hasOwn(root, path)) return (root as Record<string, unknown>)[path]
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const key = path.slice(0, dot)
    if (!Object.hasOwn(root, key)) continue
    const found = at((root as Record<string, unknown>)[key], path.slice(dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether a value is an object with keys: no list, date or bytes. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !ArrayBuffer.isView(value)
  )
}
