const longest = 80

/** A value as it looks in a message for the user: its beginning, whatever its size or depth. */
export function show(value: unknown): string {
  const text = part(value, 2)
  return text.length > longest ? `${text.slice(0, longest - 3)}...` : text
}

function part(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, longest))
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Date || ArrayBuffer.isView(value)) return Object.prototype.toString.call(value)
  if (depth === 0) return Array.isArray(value) ? '[...]' : '{...}'
  if (Array.isArray(value))
    return `[${value
      .slice(0, 5)
      .map((item) => part(item, depth - 1))
      .join(',')}${value.length > 5 ? ',...' : ''}]`
  const keys: string[] = []
  for (const key in value) {
    if (keys.push(key) > 5) break
  }
  const record = value as Record<string, unknown>
  return `{${keys.map((key) => `${JSON.stringify(key.slice(0, longest))}:${part(record[key], depth - 1)}`).join(',')}}`
}
