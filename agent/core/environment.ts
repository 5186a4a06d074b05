/** What a process of ours needs of its parent's environment: where things are, how the machine writes, how memory is handled. */
const needed =
  /^(PATH|HOME|USER|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TMP|TEMP|SystemRoot|LD_LIBRARY_PATH|MALLOC_\w+|OMP_\w+|TF_\w+|NODE_(OPTIONS|ENV|PATH|V8_COVERAGE|NO_WARNINGS)|NO_COLOR|NOTIFY_SOCKET|WATCHDOG_\w+)$/

/**
 * The environment of a child: nothing else of ours, for passwords and tokens are in it, and whoever looks at the child reads
 * them. `more`: what this child needs beside it.
 */
export function childEnvironment(more: NodeJS.ProcessEnv = {}, own = process.env): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(Object.entries(own).filter(([name]) => needed.test(name))), ...more }
}

/** Stands for a secret where a configuration is read by a process that has no use for it. */
const placeholder = 'not-told'

/**
 * What a configuration takes from the environment, for a child that reads the same text but reaches no far side: without
 * what is, or is part of, one of these secrets.
 */
export function settingsEnvironment(text: string, secrets: readonly string[], env = process.env): NodeJS.ProcessEnv {
  const own = Object.entries(env).filter(([name]) => /^MILLWRIGHT_(SITE|DATA|LOG_LEVEL|HTTP_\w+)$/.test(name))
  const taken: NodeJS.ProcessEnv = {}
  for (const [, name] of text.matchAll(/\$\{(\w+)\}/g)) {
    const value = env[name]
    // A single letter is part of any secret, and of most addresses.
    const isPart = (one: string) => one === value || (value!.length >= 4 && one.includes(value!))
    taken[name] = value === undefined || secrets.some(isPart) ? placeholder : value.replace(/(:\/\/)[^\s/?#@]*@/g, '$1')
  }
  return { ...Object.fromEntries(own), ...taken }
}
