import { strings } from './strings.ts'

/** What the agent says when it does not do as asked. */
export class ApiError extends Error {
  readonly status: number
  readonly remedy: string

  constructor(status: number, message: string, remedy = '') {
    super(message)
    this.status = status
    this.remedy = remedy
  }
}

/** The answer to a GET. Rejects with an ApiError. */
export async function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask<Answer>(path, { ...(signal && { signal }) })
}

/** The answer to a POST. Rejects with an ApiError. */
export async function post<Answer>(path: string, content: object): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  return ask<Answer>(path, { method: 'POST', headers, body: JSON.stringify(content) })
}

async function ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
  let response: Response
  try {
    response = await fetch(path, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, strings.noAnswer)
  }
  if (response.ok) return (await response.json()) as Answer
  const answer = (await response.json().catch(() => ({}))) as { error?: { message?: string; remedy?: string } }
  const { message = strings.noAnswer, remedy } = answer.error ?? {}
  throw new ApiError(response.status, message.charAt(0).toUpperCase() + message.slice(1), remedy)
}
